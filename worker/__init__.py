"""News worker: articles from files, feeds and topics become events in topics, exactly once and in order."""

__version__ = "0.1.0"
