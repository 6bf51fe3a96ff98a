"""corrconv train."""
