"""forget: an article taken down by the owner of the shard of its site, for good.

Its entries go from every source of the site that holds it, handed over to nobody; what stays is a mark under its id, which no
removal and no repair takes away: whatever still shows the article, or shows it again, is passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from worker.core import identity
from worker.core.feeds.entry import NOTHING, WITHDRAWN, articles, glances, hashed
from worker.core.feeds.held import Held
from worker.core.feeds.memory import ShardMemory
from worker.core.feeds.pages import Mark
from worker.core.feeds.siblings import Holding, owner
from worker.core.takedown import Published, records
from worker.model import Part, Source


def forget(asked: Published, memory: ShardMemory, now: int, seen: int = -1) -> Part | None:
    """What takes the article down, memory changed to that; None: that was done before.

    `seen`: the offset of the event that was asked with; -1: not told. Marked already it is taken down once more if no takedown
    answered for that event: another shard may have published it since, which did not know yet.

    Where no source of the site remembers it (an upstream topic never does), its version is the one that was `asked` with. Not to be
    called between two parts of a document.
    """
    article = identity.binary(asked.article_id)
    mark = memory.marked(article)
    if mark is not None and seen <= mark.seen:
        return None
    site = asked.source["site"]
    holdings = [
        Holding(held, slot, held.get(slot)) for held in memory.of_site(site) if (slot := held.find(article)) is not None
    ]
    new = Mark(_named(asked), _link(asked, holdings, memory.of_site(site)), seen)
    # What it was known by at first stays: by that it may be shown again.
    memory.mark(article, new if mark is None else _joined(mark, new), site, now)
    for holding in holdings:
        holding.held.remove(holding.slot)
    own = owner(holdings)
    if own is None:
        return Part(asked.source["id"], records(asked, now))
    entry = own.entry
    known = replace(asked, withdrawn=entry.has(WITHDRAWN), version=entry.version, content_hash=entry.content.hex())
    return Part(asked.source["id"], records(known, now))


def keep_out(asked: Published, memory: ShardMemory, shard: int, now: int) -> bool:
    """Mark an article of a topic in another shard than its owner's; False: it is marked already.

    Its topic may be read there too, in a share of its own or in those that it is defined in anew.
    """
    article = identity.binary(asked.article_id)
    if memory.marked(article) is not None:
        return False
    memory.mark(article, Mark(link=_link(asked, (), ())), shard, now)
    return True


def _joined(mark: Mark, new: Mark) -> Mark:
    key, link = (old if old != NOTHING else other for old, other in ((mark.key, new.key), (mark.link, new.link)))
    return Mark(key, link, new.seen)


def _named(asked: Published) -> bytes:
    """The beginning of the id that its key makes by now: it keeps the one of first sight, whatever names it since."""
    key = asked.key()
    if key is None or asked.source["kind"] != "feed":
        return NOTHING
    source = Source(asked.source["id"], "feed", f"source:{asked.source['id']}", asked.source["site"])
    return identity.binary(identity.article_id(identity.scope(source, key), *key))[: len(NOTHING)]


def _link(asked: Published, holdings: Sequence[Holding], sources: Collection[Held]) -> bytes:
    """The hash of its link, by which it is known under another id too; none where other articles have that link."""
    compared = asked.compared_link()
    remembered = (holding.entry.link for holding in holdings if holding.entry.link != NOTHING)
    link = next(remembered, NOTHING if compared is None else hashed(("link", compared)))
    article = identity.binary(asked.article_id)
    shared = any(
        other == link and one != article
        for held in sources
        for one, (_, other, _) in zip(articles(held.entries), glances(held.entries), strict=True)
    )
    return NOTHING if shared else link
