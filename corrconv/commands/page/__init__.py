"""corrconv page."""
