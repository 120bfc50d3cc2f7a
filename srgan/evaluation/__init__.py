"""Scores: metrics, and models on folders of pictures."""
