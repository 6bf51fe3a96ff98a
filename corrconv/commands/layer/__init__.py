"""corrconv layer: what a layer of a network computes."""
