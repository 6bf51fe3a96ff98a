"""corrconv match."""
