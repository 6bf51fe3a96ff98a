"""The command line: one folder a command, loaded only when it is called."""
