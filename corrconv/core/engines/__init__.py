"""Ways to compute the same sums, behind one signature."""
