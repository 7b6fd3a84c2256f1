"""How articles end that are taken down: with an event `withdrawn` and a tombstone, each once, and nothing of them after that."""

from __future__ import annotations

from collections import defaultdict

from feeds.oracle import MARK


def is_takedown(record):
    """Whether an operator's command has published it. What says so otherwise, a document has told."""
    value = record.value
    return value is None or (b'"canceled"' in value and b'"documentUrl"' not in value)


def _kind(record):
    if record.value is None:
        return "tombstone"
    told = "withdrawn" if b'"canceled"' in record.value else "told"
    return "taken down" if is_takedown(record) else told


def judge(events, rejections, asked):
    """What is wrong. `events`, `rejections`: with the numbers that the broker gave them, in their order; `asked`: articleIds."""
    ends, names, gone, wrong = defaultdict(list), {}, {}, []
    for serial, stored in events:
        article = stored.key.decode()
        ends[article].append(_kind(stored))
        if found := _name(stored):
            names[article] = found
            if found in gone:
                wrong.append(f"{found} comes after its tombstone, as {article}")
        if stored.value is None and article in names:
            gone[names[article]] = serial
    wrong += [
        f"{found} is rejected after its tombstone"
        for serial, stored in rejections
        if (found := _name(stored)) in gone and serial > gone[found]
    ]
    for article, kinds in ends.items():
        said = [kind for kind in kinds if kind in {"taken down", "tombstone"}]
        wanted = ["tombstone"] if kinds[:-1][-1:] == ["withdrawn"] else ["taken down", "tombstone"]
        if said and (article not in asked or said != wanted or kinds[-len(wanted) :] != wanted):
            wrong.append(f"{article} ends with {kinds[-5:]}")
    return wrong


def _name(stored):
    """The article's feed and number; None: it is no feed's, or not told."""
    found = MARK.search((stored.value or b"").decode())
    return found and (found["feed"], found["number"])
