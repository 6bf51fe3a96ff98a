"""corrconv spectrum: what a kernel does to frequencies, and whether it can be undone."""
