"""What views are made of: text on the terminal, pictures, charts."""
