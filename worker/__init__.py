"""News worker: articles from files, feeds and topics become events in topics, exactly once and in order."""
