"""corrconv questions."""
