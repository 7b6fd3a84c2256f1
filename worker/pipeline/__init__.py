"""The loop between sources and broker: read in processes, decide in order, commit in batches."""
