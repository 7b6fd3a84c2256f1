"""The project's words as frozen data: what flows from a source through `read` and `decide` to a topic.

Nothing here does anything. Times are integers, milliseconds since the Unix epoch in UTC, unless a name says otherwise.
"""

from worker.model.document import (
    STANDARD_INPUT,
    Code,
    Document,
    Fetched,
    Format,
    Refusal,
    Source,
    Stage,
    UpstreamRecord,
)
from worker.model.feed import (
    Definition,
    Extent,
    Fate,
    Fault,
    FaultKind,
    Head,
    Part,
    Redrive,
    ShardReport,
    Validators,
)
from worker.model.reading import Article, Hints, Key, Mode, Note, Reading, Rejection, Traits, Withdrawal
from worker.model.record import Record, Topic
from worker.model.replay import WHOLE, Decision, FileState, Split, SplitClaim
from worker.model.totals import Histogram, Standing, Totals

__all__ = [
    "STANDARD_INPUT",
    "WHOLE",
    "Article",
    "Code",
    "Decision",
    "Definition",
    "Document",
    "Extent",
    "Fate",
    "Fault",
    "FaultKind",
    "Fetched",
    "FileState",
    "Format",
    "Head",
    "Hints",
    "Histogram",
    "Key",
    "Mode",
    "Note",
    "Part",
    "Reading",
    "Record",
    "Redrive",
    "Refusal",
    "Rejection",
    "ShardReport",
    "Source",
    "Split",
    "SplitClaim",
    "Stage",
    "Standing",
    "Topic",
    "Totals",
    "Traits",
    "UpstreamRecord",
    "Validators",
    "Withdrawal",
]
