"""What must come out of any run, whatever was killed, fenced or lost in it: a pure function over two ledgers.

Both are pairs (key, version) in the order in which they were offered and read. Every suite that kills workers uses it.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

Entry = tuple[Hashable, Hashable]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What went wrong; all empty when nothing did."""

    lost: tuple[Entry, ...] = ()  # offered, never read
    twice: tuple[Entry, ...] = ()  # read more than once
    invented: tuple[Entry, ...] = ()  # read, never offered
    out_of_order: tuple[Hashable, ...] = ()  # keys whose versions were read in another order than offered

    @property
    def clean(self) -> bool:
        return self == Verdict()


def judge(offered: Iterable[Entry], got: Iterable[Entry]) -> Verdict:
    """Compare what was offered with what a reader got. Each pair is offered once; order counts within a key alone."""
    wanted, counts = dict.fromkeys(offered), Counter(got := list(got))
    known = [entry for entry in counts if entry in wanted]  # a Counter keeps the order of first sight
    in_order = _by_key(entry for entry in wanted if entry in counts)
    return Verdict(
        lost=tuple(entry for entry in wanted if entry not in counts),
        twice=tuple(entry for entry, count in counts.items() if count > 1),
        invented=tuple(entry for entry in counts if entry not in wanted),
        out_of_order=tuple(key for key, versions in _by_key(known).items() if versions != in_order[key]),
    )


def _by_key(entries: Iterable[Entry]) -> dict[Hashable, list[Hashable]]:
    versions: defaultdict[Hashable, list[Hashable]] = defaultdict(list)
    for key, version in entries:
        versions[key].append(version)
    return versions
