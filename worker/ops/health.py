"""Whether the worker lives and whether it is ready, told by how its shards stand.

The one decision: that the broker is away is no reason to be restarted, as it would be away for the next process too.
"""

from __future__ import annotations

from typing import Final

from worker.model import Totals

# Each commit has a deadline of its own well below this: one that is longer under way hangs.
_STUCK_SECONDS: Final = 120.0


def stuck(totals: Totals, now: float) -> list[str]:
    """Why the worker is to be restarted, a sentence a shard; empty: it lives. `now`: time.monotonic()."""
    since = {name: standing.committing_since() for name, standing in totals.standing.items()}
    return [
        f"{name}: a commit has been under way for {now - begun:.0f} s"
        for name, begun in since.items()
        if begun is not None and now - begun > _STUCK_SECONDS
    ]


def unready(totals: Totals) -> list[str]:
    """Why nothing should count on it now, a sentence each; empty: it is ready."""
    if totals.draining:
        return ["it is stopping"]
    if not totals.settled:
        return [totals.waits_for or totals.unsettled() or "what falls to this worker is not known yet"]
    waiting = {name: standing.waits_for for name, standing in totals.standing.items() if standing.waits_for}
    return [why if why.startswith(name) else f"{name}: {why}" for name, why in waiting.items()]
