"""corrconv apply."""
