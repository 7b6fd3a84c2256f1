"""An upstream topic: where it is and how to get in, and its records, consumed without a group."""

from worker.sources.topic.client import Options, Taken, TopicReader, consuming
from worker.sources.topic.faults import TopicFault
from worker.sources.topic.place import Own, options_of

__all__ = ["Options", "Own", "Taken", "TopicFault", "TopicReader", "consuming", "options_of"]
