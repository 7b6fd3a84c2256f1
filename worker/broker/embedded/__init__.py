"""The embedded broker: topics, claims and readers on one SQLite file, for one machine and nothing else to install."""
