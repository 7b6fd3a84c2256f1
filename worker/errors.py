"""Every exception the worker raises on purpose.

    WorkerError
    ├── UsageError            ends the process: the call or the configuration is wrong (exit 2)
    ├── Superseded            ends the process: somebody else has begun the same and has it from now on (exit 1)
    ├── Defect                costs one source or command: what was to be decided can't be, through a defect of the worker's
    └── BrokerError
        ├── BrokerRefused     ends the process: this broker can't be used as it is (newer, corrupt, wrong place) (exit 2)
        │   └── BrokerMissing     there is no broker yet: who only reads may take it for empty
        ├── BrokerAway        retry: wait, claim anew, restore, decide again (exit 3 when it lasts)
        │   └── ClockRefused      likewise, but what was observed by that clock is observed anew: read, or polled, again
        ├── Unsure            retry: the commit may or may not have happened; the same way back
        ├── ClaimLost         retry: another owner has the shard, or the broker took it back after a pause; only owning it
        │                     again tells which of them it was, and whether it is to end (Superseded)
        ├── Undone            retry: somebody else's defect, upon which what the shard had in hand is thrown away; the same way back
        └── RecordRefused     data: a record is refused although checked; halve the batch until it is alone

What is wrong with an entry or document is no exception but data: a `model.Rejection`.
"""


class WorkerError(Exception):
    """Base of all below; its text is a sentence for the person who runs the worker and says what to do."""


class UsageError(WorkerError):
    """The command line or the settings are wrong."""


class Superseded(WorkerError):
    """Another process has begun the same work later: it goes on with it, and this one is to write nothing more."""


class Defect(WorkerError):
    """A decision failed, through a defect of the worker's own: its cause. Nothing of it is committed; not to be decided again."""


class BrokerError(WorkerError):
    """Base of all that a broker raises."""


class BrokerRefused(BrokerError):
    """The broker can't be used as it is, and waiting won't help: a newer or corrupt file, a network file system."""


class BrokerMissing(BrokerRefused):
    """There is no such file yet, and making one was not asked for."""


class BrokerAway(BrokerError):
    """The broker can't be reached or can't store just now: down, locked, disk full. Nothing was committed."""


class ClockRefused(BrokerAway):
    """The broker refuses the time of observation: this machine's clock is wrong, or the broker's."""


class Unsure(BrokerError):
    """A commit may or may not have happened. Fence, restore and decide again; never send again."""


class ClaimLost(BrokerError):
    """Another owner has the shard, or the broker took it back after a pause; nothing of this commit happened or will."""


class Undone(BrokerError):
    """A decision failed half-way, through a defect: what was not committed yet never will be. Restore and decide again."""


class RecordRefused(BrokerError):
    """The broker refused one of the records for good; nothing of this commit happened. Which one it was is not known."""
