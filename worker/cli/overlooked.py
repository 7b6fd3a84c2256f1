"""Variables of the environment that are named like settings and are none: mostly misspelt.

They are no error, as a container platform adds variables of its own that begin alike.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Final

from worker.settings import CONFIG, PREFIX, SECRETS_DIR, Settings

_SECRETS: Final = f"{PREFIX}SECRET_"  # what sources name (`sources/feed/secrets.py`) is no setting
_SECRET_DIR: Final = f"{_SECRETS}DIR"  # but the misspelt folder
# What Kubernetes sets for each service named so, or longer: NEWS_WORKER_SERVICE_HOST, NEWS_WORKER_PORT_9464_TCP_ADDR …
_OF_A_SERVICE: Final = re.compile(r"SERVICE_(HOST|PORT(_\w+)?)$|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PORT|PROTO|ADDR))?$")
_ADDRESS: Final = re.compile(r"(tcp|udp|sctp)://")  # what such a NEWS_WORKER_PORT holds


def overlooked(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each variable that looks like a misspelt setting, with the setting that is most like it."""
    known = [PREFIX + name.upper() for name in Settings.model_fields] + [CONFIG, SECRETS_DIR]
    strays = sorted(
        name
        for name, value in environment.items()
        if name.startswith(PREFIX)
        and name not in known
        and (not name.startswith(_SECRETS) or name == _SECRET_DIR)
        and not (_OF_A_SERVICE.search(name) or _ADDRESS.match(value))
    )
    return [f"the environment variable {name} is not used{_instead(name, known)}" for name in strays]


def _instead(name: str, known: list[str]) -> str:
    """By what follows the prefix: with it all of them are alike."""
    rest = {one.removeprefix(PREFIX): one for one in known}
    near = difflib.get_close_matches(name.removeprefix(PREFIX), rest, n=1)
    return f"; did you mean {rest[near[0]]}?" if near else "; `news-worker check --show` lists the settings"
