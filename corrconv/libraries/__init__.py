"""What well-known libraries and tools compute, and how they are called."""
