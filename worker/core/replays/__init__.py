"""What a replay remembers of its files, and what a reading of one comes to."""
