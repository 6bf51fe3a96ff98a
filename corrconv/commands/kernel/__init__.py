"""corrconv kernel."""
