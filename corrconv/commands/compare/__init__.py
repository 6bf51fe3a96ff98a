"""corrconv compare."""
