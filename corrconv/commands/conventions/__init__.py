"""corrconv conventions."""
