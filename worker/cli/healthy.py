"""`news-worker healthy`: asks the worker beside it whether it lives, as a container's HEALTHCHECK does.

It asks by the standard library's client: loading another would double what asking costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from worker.cli.exits import Exit
from worker.cli.options import with_settings
from worker.errors import UsageError

if TYPE_CHECKING:
    from worker.settings import Settings

_SECONDS: Final = 5.0
_MOST_BYTES: Final = 10_000
_ITSELF: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  nothing listens: what all addresses are, seen from here


@click.command(short_help="Ask the worker that runs here whether it lives.")
@click.option(
    "--ready", is_flag=True, help="Ask whether it is ready instead: broker there, its share of sources known."
)
@with_settings("health_address")
def command(settings: Settings, *, ready: bool) -> Exit:
    """Ask the worker that runs here (`news-worker run`) at its health_address whether it lives: exit 0, or 1 and why it doesn't.

    A broker that is away is no reason for 1; with --ready it is.
    """
    import http.client

    if settings.health_address is None:
        raise UsageError("health_address is not set, so no worker can be asked; set it where the worker runs too")
    host, port = settings.health_address
    connection = http.client.HTTPConnection(_ITSELF.get(host, host), port, timeout=_SECONDS)
    try:
        connection.request("GET", "/readyz" if ready else "/livez")
        answer = connection.getresponse()
        said = answer.read(_MOST_BYTES).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        click.echo(f"no answer from {host}:{port}: {error}", err=True)
        return Exit.LEFT
    finally:
        connection.close()
    click.echo(said)
    return Exit.OK if answer.status == http.client.OK else Exit.LEFT
