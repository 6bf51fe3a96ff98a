"""corrconv diagnose."""
