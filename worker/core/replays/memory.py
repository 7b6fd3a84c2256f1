"""What a replay remembers, in stored form: records of the compacted topic news.replays.v1.

JSON with a version number. Members may be added (an older release skips them); another version number is refused,
never taken for empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import orjson

from worker.core.identity import canonical
from worker.errors import BrokerRefused
from worker.model import Decision, FileState, Record, Split, SplitClaim, Topic

VERSION = 1
_FILE_FIELDS = tuple(name.name for name in fields(FileState) if name.name not in ("path", "before", "refused"))


@dataclass(slots=True)
class ReplayMemory:
    """All that is remembered of one data set; built by `absorb` from records in the order they were committed."""

    dataset: str
    files: dict[str, FileState] = field(default_factory=dict)
    claims: dict[Split, SplitClaim] = field(default_factory=dict)  # the newest of each split, the newest of all last
    claimed_at: dict[Split, int] = field(default_factory=dict)  # the offset of each of these claims, where it was told
    # What was last written as done: the claim's token, and the run that came to its end with it.
    done: dict[Split, tuple[str, str | None]] = field(default_factory=dict)

    def unfinished(self) -> list[SplitClaim]:
        """The claims whose token was not written as done, the newest last."""
        return [claim for split, claim in self.claims.items() if self.done.get(split, ("", None))[0] != claim.token]

    def pending_run(self) -> str | None:
        """The run of a replay with --again that has not come to its end; whatever came between has carried it on.

        All splits of a data set share it, so it ends only when every split of one division has: a split that begins after
        the others are done still publishes under it, and what they published isn't published a third time.
        """
        if not self.claims:
            return None
        run = next(reversed(self.claims.values())).run
        ended = Counter(split.count for split, (_, of) in self.done.items() if of == run)
        return None if any(splits == count for count, splits in ended.items()) else run

    def ended_run(self, split: Split) -> str | None:
        """The run that the split came to its end with; whoever ends it outside a run carries that on."""
        return self.done.get(split, ("", None))[1]

    def absorb(self, key: bytes, value: bytes | None, offset: int | None = None) -> None:
        """Take in one record. Those of other data sets are passed over. BrokerRefused: it can't be understood."""
        try:
            kind, dataset, *rest = orjson.loads(key)
        except ValueError as error:
            raise BrokerRefused(f"{Topic.REPLAYS} holds a key that is not the worker's: {key[:80]!r}") from error
        if dataset != self.dataset:
            return
        found = None if value is None else _load(key, value)
        try:
            if kind == "file":
                self._absorb_file(rest[0], found)
            elif kind == "claim" and found is not None:
                split = Split(*rest)
                self.claims.pop(split, None)  # so that it stands last
                self.claims[split] = SplitClaim(dataset, split, found["token"], found["run"])
                if offset is not None:
                    self.claimed_at[split] = offset
            elif kind == "done" and found is not None:
                self.done[Split(*rest)] = (found["token"], found["run"])
        except (KeyError, ValueError, TypeError) as error:
            raise BrokerRefused(
                f"{Topic.REPLAYS}, key {key!r}: damaged ({error!r}); it is not taken for empty"
            ) from error

    def _absorb_file(self, path: str, found: dict[str, Any] | None) -> None:
        if found is None:
            self.files.pop(path, None)
        else:
            self.files[path] = _file_state(path, found)


def _file_state(path: str, found: dict[str, Any]) -> FileState:
    members = {name: found[name] for name in _FILE_FIELDS}
    before = found.get("before")
    refused = found.get("refused")
    return FileState(path, **members, before=_file_state(path, before) if before else None, refused=refused)


def _load(key: bytes, value: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(value)
        version = found["v"]
    except (ValueError, KeyError, TypeError) as error:
        raise BrokerRefused(f"{Topic.REPLAYS}, key {key!r}: damaged; it is not taken for empty") from error
    if version != VERSION:
        raise BrokerRefused(
            f"{Topic.REPLAYS}, key {key!r}: written by a newer news-worker (form {version}, known is {VERSION}); use that one"
        )
    loaded: dict[str, Any] = found
    return loaded


def holds(memory: ReplayMemory, decisions: Sequence[Decision]) -> bool:
    """Whether what these decisions change is remembered: a transaction is there whole or not at all."""
    states = {decision.state.path: decision.state for decision in decisions if decision.state}
    return bool(states) and all(memory.files.get(path) == state for path, state in states.items())


def file_records(dataset: str, decisions: Sequence[Decision], at: int) -> list[Record]:
    """What is remembered once these are committed: of a file that several of them touch, as the last of them left it."""
    states = {decision.state.path: decision.state for decision in decisions if decision.state}
    return [_file_record(dataset, state, at) for state in states.values()]


def _file_record(dataset: str, state: FileState, at: int) -> Record:
    value = asdict(state)
    key = ["file", dataset, value.pop("path")]
    return _record(dataset, key, value, at)


def claim_record(claim: SplitClaim, at: int) -> Record:
    """The claim of a split, written under the data set's own name before the split is fenced."""
    return _split_record("claim", claim, claim.run, at)


def done_record(claim: SplitClaim, run: str | None, at: int) -> Record:
    """Every file of the split was read as far as it can be under this claim; `run`: the run id that it published under."""
    return _split_record("done", claim, run, at)


def _split_record(kind: str, claim: SplitClaim, run: str | None, at: int) -> Record:
    key = [kind, claim.dataset, claim.split.index, claim.split.count]
    return _record(claim.dataset, key, {"token": claim.token, "run": run}, at)


def _record(dataset: str, key: list[Any], value: dict[str, Any], at: int) -> Record:
    return Record(Topic.REPLAYS, canonical(key), orjson.dumps({"v": VERSION, **value}), (), at, dataset.encode())
