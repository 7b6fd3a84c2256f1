"""Files as a source: walk, look, unpack, compare with what is remembered, cut into documents."""

from worker.sources.files.documents import STANDARD_INPUT, Wanted, documents, documents_of_stream
from worker.sources.files.found import Found
from worker.sources.files.said import Outcome, Said

__all__ = ["STANDARD_INPUT", "Found", "Outcome", "Said", "Wanted", "documents", "documents_of_stream"]
