"""Topics of other systems as sources: what they are called, where they belong, and which of them can't stand side by side.

A source of id ID has the site `topic:ID`. With a share I/N it is ID-I-N at `topic:ID/I/N`, so that each share may fall to another
worker, while all of them name articles alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from worker.core.sources.urls import servers_of, source_id, topic_of
from worker.model import Definition


def named(url: str, given_id: str | None, share: tuple[int, int] | None) -> tuple[str, str]:
    """Its id and its site. `given_id`: the share's own, or that of all shares; None: it follows from the URL."""
    whole = given_id or source_id(url)
    if share is None:
        return whole, f"topic:{whole}"
    whole = whole.removesuffix("-{}-{}".format(*share))
    return "{}-{}-{}".format(whole, *share), "topic:{}/{}/{}".format(whole, *share)


def whole_id(definition: Definition) -> str:
    """The id without the share."""
    return definition.id.removesuffix("-{}-{}".format(*definition.share)) if definition.share else definition.id


def whole_site(definition: Definition) -> str:
    """The site without the share: what all shares have in common, and what ids are scoped by."""
    return definition.site.removesuffix("/{}/{}".format(*definition.share)) if definition.share else definition.site


def check_beside(definition: Definition, known: Iterable[Definition], own: Collection[str]) -> None:
    """ValueError: it is shared otherwise than its other shares are, or is one of our own topics.

    `own`: those, HOST:PORT/TOPIC each.
    """
    for server in servers_of(definition.url):
        if f"{server}/{topic_of(definition.url)}" in own:
            raise ValueError(
                f"{topic_of(definition.url)} is this worker's own topic: what it publishes would come back to it for ever"
            )
    for other in known:
        if other.kind != "topic" or other.id == definition.id or whole_site(other) != whole_site(definition):
            continue
        if (other.share or (0, 1))[1] != (definition.share or (0, 1))[1]:
            raise ValueError(
                f"source {other.id} shares the topic {_said(other)}, and this would be {_said(definition)}: records would be"
                " published twice. Remove the former first; this then begins at the topic's start, and what it holds is published"
                " again, under the same event ids"
            )


def check_moved(url: str, known: Definition) -> None:
    """ValueError: a source of another kind, or another topic, whose offsets say nothing of this one."""
    if not servers_of(url) or topic_of(url) != topic_of(known.url):
        raise ValueError(
            f"source {known.id} is the topic {topic_of(known.url)}: its brokers may change, not the topic. Add this one under"
            " another id"
        )


def _said(definition: Definition) -> str:
    return f"in {definition.share[1]} parts" if definition.share else "whole"
