"""What a replay remembers, in stored form: records of the compacted topic news.replays.v1.

JSON with a version number. Members may be added (an older release skips them); another version number is refused,
never taken for empty.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

import orjson

from worker.core.identity import canonical
from worker.errors import BrokerRefused
from worker.model import FileState, Record, SplitClaim, Topic

VERSION = 1
_FILE_FIELDS = tuple(name.name for name in fields(FileState) if name.name not in ("path", "before", "refused"))


@dataclass(slots=True)
class ReplayMemory:
    """All that is remembered of one data set; built by `absorb` from records in the order they were committed."""

    dataset: str
    files: dict[str, FileState] = field(default_factory=dict)
    claims: dict[tuple[int, int], SplitClaim] = field(default_factory=dict)  # by index and count; the newest of each
    # What was last written as done: the claim's token, and the run that came to its end with it.
    done: dict[tuple[int, int], tuple[str, str | None]] = field(default_factory=dict)

    def unfinished(self) -> list[SplitClaim]:
        """The claims whose token was not written as done."""
        return [claim for key, claim in self.claims.items() if self.done.get(key, ("", None))[0] != claim.token]

    def pending_run(self) -> str | None:
        """The run of a replay with --again that has not come to its end; whatever came between has carried it on."""
        runs = (claim.run for key, claim in self.claims.items() if claim.run != self.done.get(key, ("", None))[1])
        return next((run for run in runs if run is not None), None)

    def absorb(self, key: bytes, value: bytes | None) -> None:
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
                index, count = rest
                self.claims[index, count] = SplitClaim(dataset, index, count, found["token"], found["run"])
            elif kind == "done" and found is not None:
                index, count = rest
                self.done[index, count] = (found["token"], found["run"])
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


def file_record(dataset: str, state: FileState, at: int) -> Record:
    """What is remembered of a file."""
    value = asdict(state)
    key = ["file", dataset, value.pop("path")]
    return _record(dataset, key, value, at)


def claim_record(claim: SplitClaim, at: int) -> Record:
    """The claim of a split, written under the data set's own name before the split is fenced."""
    return _record(
        claim.dataset, ["claim", claim.dataset, claim.index, claim.count], {"token": claim.token, "run": claim.run}, at
    )


def done_record(claim: SplitClaim, run: str | None, at: int) -> Record:
    """Every file of the split was read as far as it can be under this claim; `run`: the run id that it published under."""
    value = {"token": claim.token, "run": run}
    return _record(claim.dataset, ["done", claim.dataset, claim.index, claim.count], value, at)


def _record(dataset: str, key: list[Any], value: dict[str, Any], at: int) -> Record:
    return Record(Topic.REPLAYS, canonical(key), orjson.dumps({"v": VERSION, **value}), (), at, dataset.encode())
