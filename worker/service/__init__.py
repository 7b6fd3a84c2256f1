"""The running worker: what is asked for done with a broker, readers and signals; a module a command, as each imports much."""
