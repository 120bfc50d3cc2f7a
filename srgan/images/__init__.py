"""A file and an Image, and the way between them."""
