"""What correlation and convolution are: arrays in, arrays out, NumPy only."""
