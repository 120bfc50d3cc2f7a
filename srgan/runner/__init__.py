"""Many pictures: planned, restored side by side, remembered."""
