"""corrconv laws."""
