"""Replays: files to events, once each. `replay.py` is the way in."""
