"""Tensors: resampling, colour, tiles, pyramids."""
