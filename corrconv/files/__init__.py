"""What is read and written: images, kernel files, outputs."""
