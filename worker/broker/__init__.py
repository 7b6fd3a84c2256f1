"""Where topics, sources and checkpoints live. `port.py` is what is promised; each folder keeps the promise."""
