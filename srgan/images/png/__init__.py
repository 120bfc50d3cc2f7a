"""PNG: its chunks, its texts, its animations; written, and read some rows at a time."""
