"""Where documents come from: bytes, and where, when and how they were found. A folder a kind of source."""
