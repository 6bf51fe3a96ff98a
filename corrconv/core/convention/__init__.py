"""What a library makes of an image and a kernel: one model that is found, used, translated and searched."""
