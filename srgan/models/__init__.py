"""A model is a task and a generator; its file, and the shipped ones."""
