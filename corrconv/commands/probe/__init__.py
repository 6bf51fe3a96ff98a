"""corrconv probe."""
