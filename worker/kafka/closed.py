"""Why a broker closed the connection without a word, which is all that it does about a client that speaks in another way.

It is asked in the other ways. Only what it answers then counts: a broker that just ends closes connections too.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Any, Final

from worker.kafka.adapter import wants_login, why_not_reached

_SECONDS: Final = 5.0
_ALERT_SECONDS: Final = 1.0  # it follows the handshake at once, if it comes


async def why_closed(host: str, port: int, *, certified: bool, **connection: Any) -> str | None:
    """A sentence's end that says what to set; None when the broker may just be away.

    `certified`: the client shows a certificate. `connection`: arguments of aiokafka's connection.
    """
    tls: ssl.SSLContext | None = connection.get("ssl_context")
    if tls is None:
        if isinstance(await _after_handshake(host, port, _trusting()), ssl.SSLError | TimeoutError | None):
            return "it speaks TLS: set kafka_security_protocol to SSL or SASL_SSL"
    else:
        if refused := alert(await _after_handshake(host, port, tls), certified=certified):
            return refused
        plain = {"request_timeout_ms": connection["request_timeout_ms"], "security_protocol": "PLAINTEXT"}
        if await why_not_reached(host, port, **plain) is None:
            return "it speaks no TLS: set kafka_security_protocol to PLAINTEXT or SASL_PLAINTEXT"
    if not connection["security_protocol"].startswith("SASL") and await wants_login(host, port, **connection):
        return (
            f"it wants a user and a password: set kafka_security_protocol to {'SASL_SSL' if tls else 'SASL_PLAINTEXT'}"
        )
    return None


def alert(error: BaseException | None, *, certified: bool) -> str | None:
    """What the broker said of our certificate in a TLS alert; with TLS 1.3 that comes after the handshake."""
    reason = (isinstance(error, ssl.SSLError) and error.reason) or ""
    if "ALERT" not in reason or ("CERT" not in reason and "UNKNOWN_CA" not in reason):
        return None
    if certified:
        return "it does not trust the certificate in kafka_ssl_certfile"
    return "it wants a certificate of the client: set kafka_ssl_certfile and kafka_ssl_keyfile"


async def _after_handshake(host: str, port: int, tls: ssl.SSLContext) -> BaseException | None:
    """What comes once TLS is agreed on: an alert, the end of the time given, or None for the connection's end.

    Whatever kept it from being agreed on is returned too, as a ConnectionError unless TLS itself says more.
    """
    writer = None
    try:
        async with asyncio.timeout(_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    except (OSError, TimeoutError) as error:
        return error if alert(error, certified=False) else ConnectionError(str(error))
    try:
        async with asyncio.timeout(_ALERT_SECONDS):
            await reader.read(1)
    except (OSError, TimeoutError) as error:
        return error
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()  # which raises the alert anew
    return None


def _trusting() -> ssl.SSLContext:
    """To find out whether TLS is spoken at all; nothing is sent through it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
