"""corrconv demo."""
