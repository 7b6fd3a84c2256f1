"""Processes that read documents, and can be killed. `pool.py` is the way in."""
