"""corrconv explain."""
