"""What aiohttp raises, and what a status says, as faults: sentences for people that say what to do."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientError,
    ClientHttpProxyError,
    ClientPayloadError,
    ClientProxyConnectionError,
    ClientResponse,
    ClientResponseError,
    ClientSSLError,
    ServerDisconnectedError,
)

from worker.model import Fault, FaultKind
from worker.sources.feed.guard import Refused
from worker.sources.feed.retry import retry_after

# What asking may raise. ValueError: a URL, name or header that aiohttp will not send after all; UnicodeError is one.
# RuntimeError: it finds its connection closed while it waits for more.
RAISED = (ClientError, OSError, ValueError, RuntimeError)

_THROTTLED = frozenset((429, 503))
_GONE = 410
_ADVICE = {
    304: "although no earlier answer was named to it; its server is faulty",
    401: "so it wants credentials: give the source some, or other ones",
    403: "so it does not let this worker in; ask the publisher, or set a contact",
    404: "so there is nothing at this address (any more)",
    407: "so the proxy wants credentials: put them into the setting proxy",
}
# OpenSSL's X509_V_ERR_…
_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED, _SELF_SIGNED_CHAIN, _NO_ISSUER, _WRONG_HOST, _WRONG_ADDRESS = (
    9,
    10,
    18,
    19,
    20,
    62,
    64,
)


def of_error(error: Exception, host: str) -> Fault:
    """For what was raised while a host was asked. Texts of exceptions aren't used: they repeat URLs."""
    if isinstance(error, ClientConnectorError) and isinstance(error.os_error, Refused):
        error = error.os_error
    kind, say = next((kind, say) for raised, kind, say in _SAID if isinstance(error, raised))
    return Fault(kind, say(error, host))


def of_status(response: ClientResponse, now: datetime, *, moved_only: bool) -> Fault:
    """For an answer that is neither document nor redirect. `moved_only`: no redirect on the way was a temporary one."""
    status = response.status
    wait = retry_after(response.headers, now)
    if status in _THROTTLED:
        asked = "" if wait is None else f" for {wait:,.0f} s"
        return Fault(FaultKind.THROTTLED, f"{_status(status)}, so it asks to be left alone{asked}", status, wait)
    if status == _GONE and moved_only:
        return Fault(
            FaultKind.GONE, f"{_status(status)}: it is gone for good; remove the source, or mend its URL", status, wait
        )
    advice = f", {_ADVICE[status]}" if status in _ADVICE else ""
    return Fault(FaultKind.STATUS, f"{_status(status)}{advice}", status, wait)


def _status(status: int) -> str:
    return f"the answer was {status}"


def _refused(refused: Refused, host: str) -> str:
    where = host if host == refused.address else f"{host} is {refused.address}, which"
    return f"{where} is not a public address; to open it, run with --allow-net and a network that holds it"


def _name(error: ClientConnectorDNSError, host: str) -> str:
    if error.os_error.errno == socket.EAI_AGAIN:
        return f"the name {host} can't be looked up just now"
    return f"there is no address for the name {host}"


def _certificate(error: ClientConnectorCertificateError, host: str) -> str:
    code = getattr(error.certificate_error, "verify_code", None)
    if code == _EXPIRED:
        return f"the certificate of {host} has expired; its publisher must renew it"
    if code == _NOT_YET_VALID:
        return f"the certificate of {host} is not valid yet; is this machine's clock right?"
    if code in {_SELF_SIGNED, _SELF_SIGNED_CHAIN, _NO_ISSUER}:
        return f"the certificate of {host} is signed by no known authority; if it is to be trusted, give the source a ca_file"
    if code in {_WRONG_HOST, _WRONG_ADDRESS}:
        return f"the certificate of {host} is made out to another name; is the host in the URL right?"
    return f"the certificate of {host} can't be verified"


def _reason(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno else "no reason is given"


# The first that fits counts.
_SAID: tuple[tuple[type[Exception], FaultKind, Callable[[Any, str], str]], ...] = (
    (Refused, FaultKind.ADDRESS, _refused),
    (
        ClientHttpProxyError,
        FaultKind.CONNECT,
        lambda error, host: f"the proxy did not let a request to {host} through: {_status(error.status)}",
    ),
    (
        ClientResponseError,
        FaultKind.PROTOCOL,
        lambda _, host: f"what {host} answers is no HTTP, or has headers beyond any measure",
    ),
    (ClientConnectorCertificateError, FaultKind.TLS, _certificate),
    (ClientSSLError, FaultKind.TLS, lambda _, host: f"{host} and this worker find no way to speak TLS with each other"),
    (ClientConnectorDNSError, FaultKind.DNS, _name),
    (
        ClientProxyConnectionError,
        FaultKind.CONNECT,
        lambda error, _: f"the proxy can't be reached: {_reason(error.os_error)}; look at the setting proxy",
    ),
    (
        ClientConnectorError,
        FaultKind.CONNECT,
        lambda error, host: f"{host} can't be reached: {_reason(error.os_error)}",
    ),
    (
        ServerDisconnectedError,
        FaultKind.PROTOCOL,
        lambda _, host: f"{host} closed the connection without an answer",
    ),
    (
        ClientPayloadError,
        FaultKind.PROTOCOL,
        lambda _, host: f"the answer of {host} breaks off, or is no HTTP",
    ),
    (
        ValueError,
        FaultKind.ADDRESS,
        lambda _, host: f"nothing can be asked of {host}: its name, or a header that it is to be sent, can't be one",
    ),
    (OSError, FaultKind.CONNECT, lambda error, host: f"the connection to {host} was lost: {_reason(error)}"),
    (Exception, FaultKind.PROTOCOL, lambda _, host: f"{host} does not speak HTTP as it should"),
)
