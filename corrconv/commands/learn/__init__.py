"""corrconv learn."""
