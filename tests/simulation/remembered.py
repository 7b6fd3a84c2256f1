"""What an article's text comes to is remembered: feeds show the same articles again and again, whatever the seed.

Only what is pure and said with nothing but its arguments is taken; all else of a document is read anew each time.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import lru_cache
from unittest.mock import patch

from worker.core import builder
from worker.core.normalise import html, text

_KEPT = 20_000  # of each, a kB or so each
_PURE = tuple(
    (where, name, lru_cache(_KEPT)(getattr(where, name)))
    for where, name in ((builder, "language"), (html, "sanitise"), (html, "words_of"), (text, "both"))
)


@contextmanager
def remembered():
    """Within it they are looked up before they are called."""
    with ExitStack() as patches:
        for where, name, pure in _PURE:
            patches.enter_context(patch.object(where, name, pure))
        yield
