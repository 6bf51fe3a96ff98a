"""corrconv port."""
