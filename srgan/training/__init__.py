"""A folder becomes a model; `loop.train` reads from top to bottom."""
