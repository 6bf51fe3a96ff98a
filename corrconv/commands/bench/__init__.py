"""corrconv bench."""
