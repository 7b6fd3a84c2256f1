"""The polling of feeds: when a source is due, fetch, read, decide, commit; a shard at a time, and anew after any fault."""
