"""TIFF: its pages, its pixels; written, and read some rows at a time."""
