"""Files as a source: walk, look, unpack, compare with what is remembered, cut into documents."""

from worker.sources.files.documents import Wanted, documents, documents_of_stream
from worker.sources.files.found import Found
from worker.sources.files.held import Held
from worker.sources.files.said import Outcome, Said
from worker.sources.files.walk import path_key

__all__ = ["Found", "Held", "Outcome", "Said", "Wanted", "documents", "documents_of_stream", "path_key"]
