"""corrconv animate."""
