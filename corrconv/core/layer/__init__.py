"""What a layer of a network computes: many channels in, many out, many pictures at once."""
