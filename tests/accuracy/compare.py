"""One feed's two readings beside each other: what agrees, what is missing, what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from urllib.parse import unquote

from accuracy.product import Read
from accuracy.strict import Stated, squeezed

from worker.model import Code

ENTRIES, TITLES, LINKS, IDS, INSTANTS = FIELDS = ("entries", "titles", "links", "ids", "instants")


@dataclass(slots=True)
class Score:
    """Of a feed, or of many: what is stated, what of that is absent, what is wrong (another value, or one never stated)."""

    stated: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, other: Score) -> None:
        self.stated += other.stated
        self.absent += other.absent
        self.wrong += other.wrong
        self.rejected += other.rejected
        self.examples += other.examples

    def right(self, name: str) -> float:
        """The share that is right of what is stated; 1 where nothing is."""
        stated = self.stated[name]
        return 1 - (self.absent[name] + self.wrong[name]) / stated if stated else 1.0


def compared(stated: Sequence[Stated], found: Sequence[Read]) -> Score:
    score = Score()
    pairs = list(paired(stated, found))
    score.stated[ENTRIES] = len(stated)
    score.absent[ENTRIES] = len(stated) - len(pairs)
    score.wrong[ENTRIES] = len(found) - len(pairs)
    if len(stated) != len(found):
        score.examples.append(f"{ENTRIES}: {len(stated)} stated, {len(found)} read")
    for one, read in pairs:
        if read.rejected:
            score.rejected += 1
            if not one.titles or read.rejected.startswith(Code.NOT_AN_ARTICLE):
                continue  # it says nothing, or nothing that would tell it from others (the contract, "Ids")
        judge(score, TITLES, sorted(one.titles) or None, read.title, right=read.title in one.titles)
        judge(
            score,
            LINKS,
            sorted(one.links) or None,
            read.link,
            right=any(same_link(link, read.link) for link in one.links),
        )
        judge(
            score,
            IDS,
            one.id,
            read.id,
            right=one.id is not None and read.id is not None and squeezed(one.id) == squeezed(read.id),
        )
        if one.instant is not None:
            judge(score, INSTANTS, (one.instant, one.date), read.instant, right=one.instant == read.instant)
    return score


def judge(score: Score, name: str, stated: object, read: object, *, right: bool) -> None:
    score.stated[name] += stated is not None
    if right or (stated is None and read is None):
        return
    (score.absent if read is None else score.wrong)[name] += 1
    score.examples.append(f"{name}: {stated!r} stated, {read!r} read")


def same_link(one: str, other: str | None) -> bool:
    """However their signs are encoded."""
    return other is not None and squeezed(unquote(one)) == squeezed(unquote(other))


def paired(stated: Sequence[Stated], found: Sequence[Read]) -> Iterator[tuple[Stated, Read]]:
    """In order where there are as many, else those that are named alike."""
    if len(stated) == len(found):
        yield from zip(stated, found, strict=True)
        return
    names = [one.id or next(iter(one.links), "") or next(iter(one.titles), "") for one in stated]
    others = [one.id or one.link or one.title or "" for one in found]
    for block in SequenceMatcher(None, names, others, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            yield stated[block.a + step], found[block.b + step]
