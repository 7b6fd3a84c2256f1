"""Every setting, typed, and where its value came from; only the command line reads this.

The sources of pydantic-settings are called here one by one, rather than by `Settings()`, to remember for each value
where it came from: `Settings(...)` itself reads nothing but its arguments.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from worker.errors import UsageError
from worker.shown import MASK, without_secrets

PREFIX = "NEWS_WORKER_"
CONFIG = f"{PREFIX}CONFIG"
SECRETS_DIR = f"{PREFIX}SECRETS_DIR"

_SECRETS_FILE = "secrets file"
_LAST_PORT = 65_535
_LONGEST_PREFIX = 200  # Kafka's names of topics have 249 characters at most


def _readers() -> int:
    """One more than the CPUs that this process may use, which in a container or under taskset is fewer than the machine has.

    While the worker's own process is busy, a reader waits for it now and then: the one more then has its CPU.
    """
    return 1 + (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _legal_in_a_topic(prefix: str) -> str:
    wrong = sorted({c for c in prefix if not (c.isascii() and (c.isalnum() or c in "._-"))})
    if wrong:
        message = f"{' '.join(map(repr, wrong))} can't be part of a topic's name; letters, digits, '.', '_' and '-' can"
        raise ValueError(message)
    return prefix


def _networks(given: object) -> object:
    """`10.0.0.0/8,fd00::/8`, or its parts, as networks. ValueError: one is none, with what is wrong."""
    parts = re.split(r"[,\s]+", given) if isinstance(given, str) else given
    return tuple(ip_network(part) for part in parts if part) if isinstance(parts, list | tuple) else parts


def _address(given: object) -> object:
    """`127.0.0.1:9464` or `[::]:9464` as host and port. ValueError: it is neither."""
    if not isinstance(given, str):
        return given
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", given)
    if not found or int(found[2]) > _LAST_PORT:
        raise ValueError(
            "give an address and a port, 127.0.0.1:9464 say; 0.0.0.0:9464 is all addresses of this machine"
        )
    return found[1].strip("[]"), int(found[2])


class Settings(BaseSettings):
    """What can be set. The names are the TOML file's keys, the secrets files' and, after NEWS_WORKER_, variables'."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    broker: str = Field(
        "sqlite:///news.db",
        min_length=1,
        description="where the topics live: `sqlite:///relative.db` or `sqlite:////absolute.db`, a file of the embedded broker,"
        " or `kafka://host:9092,host:9092`",
    )
    prefix: Annotated[str, AfterValidator(_legal_in_a_topic)] = Field(
        "", max_length=_LONGEST_PREFIX, description="before every topic's name, and what else is named in a Kafka"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="the least that is logged")
    log_format: Literal["auto", "json", "pretty"] = Field("auto", description="auto: pretty on a terminal, else JSON")
    jobs: int = Field(
        default_factory=_readers,
        ge=1,
        le=1024,
        description="processes that read documents; one more than the CPUs that the worker may use, unless set",
    )
    read_timeout_s: float = Field(30.0, gt=0, description="what reading one document may take")
    read_memory_mb: int = Field(
        1024, ge=128, description="what a process that reads documents may use, by address space"
    )
    give_up_after_s: float = Field(
        300.0, ge=0, description="how long a broker that is away is waited for; then the exit code is 3"
    )

    # Of polled feeds.
    allow_net: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)] = Field(
        (), description="networks of private addresses that feeds may be on: `10.0.0.0/8,fd00::/8`, or a list in TOML"
    )
    proxy: SecretStr | None = Field(
        None,
        description="`http://[user:password@]host:port`, through which feeds are fetched; the guard against private addresses"
        " then rests with it. The environment's (HTTP_PROXY and its like) is never used",
    )
    contact: str | None = Field(
        None,
        min_length=1,
        description="a URL or address of whoever runs the worker, for publishers: part of the User-Agent",
    )
    max_polls: int = Field(128, ge=1, le=10_000, description="polls under way at a time; of one site there is one")
    health_address: Annotated[tuple[str, int] | None, NoDecode, BeforeValidator(_address)] = Field(
        None,
        description="`host:port` at which [/livez, /readyz and /metrics](metrics.md) are answered; nowhere, unless set",
    )
    grace_s: float = Field(
        25.0, gt=0, description="what is under way at SIGTERM has so long to be committed; less than the platform gives"
    )
    fetch_timeout_s: float = Field(
        60.0, gt=0, description="what a fetch may take, from the first connection to the last byte, redirects included"
    )
    max_body_mb: int = Field(16, ge=1, le=1024, description="of a feed, unpacked")

    # Of a Kafka cluster only; named after Kafka's own settings.
    kafka_client_id: str = Field("news-worker", min_length=1, description="as brokers log it")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="or SSL, SASL_PLAINTEXT, SASL_SSL"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="or SCRAM-SHA-256, PLAIN"
    )
    kafka_sasl_username: str | None = Field(None, description="of SASL")
    kafka_sasl_password: SecretStr | None = Field(None, description="of SASL; best a file of its own")
    kafka_ssl_cafile: Path | None = Field(
        None, description="PEM: the authorities that vouch for the brokers; the system's, unless set"
    )
    kafka_ssl_certfile: Path | None = Field(None, description="PEM: the worker's own certificate")
    kafka_ssl_keyfile: Path | None = Field(None, description="PEM: its key, which may stand in the certificate's file")
    kafka_ssl_password: SecretStr | None = Field(None, description="of the key")
    kafka_partitions: int = Field(
        24, ge=1, le=10_000, description="of every topic: fixed when they are made, compared from then on"
    )
    kafka_replication: int | None = Field(
        None, ge=1, description="copies of each partition; three, or as many as there are brokers, unless set"
    )
    kafka_transaction_timeout_s: float = Field(
        30.0,
        ge=2,
        le=86_400,
        description="after which the broker gives up what a dead worker left open; at most its transaction.max.timeout.ms",
    )
    kafka_session_timeout_s: float = Field(
        10.0,
        ge=1,
        le=1800,
        description="after which the sources of a worker that says nothing fall to others; within the broker's"
        " group.min.session.timeout.ms and its max",
    )

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  pydantic-settings calls by these names
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments only; `load` has called the other sources."""
        return (init_settings,)


def load(given: Mapping[str, Any] | None = None, *, config: Path | None = None) -> Settings:
    """The settings: given on the command line, else NEWS_WORKER_* variables, secrets files, the TOML file, defaults.

    A `given` value of None counts as not given. UsageError with a sentence for each wrong value that says where it is.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    config = config or _path_in_environment(CONFIG)
    secrets = secrets_folder()
    layers: list[tuple[Mapping[str, Any], Callable[[str], str]]] = [
        (
            {name: value for name, value in (given or {}).items() if value is not None},
            lambda name: f"--{name.replace('_', '-')}",
        ),
        (EnvSettingsSource(Settings, env_prefix=PREFIX, env_ignore_empty=True)(), lambda name: PREFIX + name.upper()),
        (_secrets(secrets) if secrets else {}, lambda name: f"{_SECRETS_FILE} {secrets}/{name}"),
        (_toml(config) if config else {}, lambda _: f"{config}"),
    ]
    for layer, origin in layers:
        for name in layer.keys() - values.keys():
            values[name] = layer[name]
            origins[name] = origin(name)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        raise UsageError(
            "\n".join(_sentence(fault["loc"][0], fault["msg"], values, origins) for fault in error.errors())
        ) from None
    settings._origins.update(origins)  # noqa: SLF001  ours: the only place that sets it
    return settings


def explain(settings: Settings) -> list[tuple[str, str, str]]:
    """For each setting its name, its value as it may be shown (secrets masked) and where it came from."""
    origins = settings._origins  # noqa: SLF001  ours
    return [(name, _masked(value, origins.get(name, "")), origins.get(name, "default")) for name, value in settings]


def secrets_folder() -> Path | None:
    """Where secrets lie as files: settings, and those that sources name."""
    return _path_in_environment(SECRETS_DIR)


def _path_in_environment(name: str) -> Path | None:
    return Path(os.environ[name]) if os.environ.get(name) else None


def _secrets(folder: Path) -> dict[str, Any]:
    try:
        there = {path.name.lower(): path for path in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        message = f"{SECRETS_DIR} is {folder}, which is no directory"
        raise UsageError(message) from None
    except OSError as error:
        message = f"{SECRETS_DIR} is {folder}, which can't be read: {error.strerror}"
        raise UsageError(message) from None
    return {name: _secret(there[name], folder) for name in Settings.model_fields if name in there}


def _secret(path: Path, folder: Path) -> str:
    try:
        if folder.resolve() in path.resolve().parents:
            return path.read_text("utf-8").strip()
        why = "it leads to a place outside of its folder"
    except OSError as error:
        why = error.strerror or str(error)
    except RuntimeError:  # pathlib's, of links in a circle
        why = "its link leads back to itself"
    except UnicodeDecodeError:
        why = "it is no UTF-8"
    message = f"the secret {path} can't be read: {why}"
    raise UsageError(message)


def _toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        message = f"the configuration file {path} can't be read: {error.strerror}"
        raise UsageError(message) from None
    except ValueError as error:
        message = f"the configuration file {path} is no TOML: {error}"
        raise UsageError(message) from None
    unknown = [name for name in values if name not in Settings.model_fields]
    if unknown:
        raise UsageError("\n".join(f"{path} has an unknown setting {name!r}; {_instead(name)}" for name in unknown))
    return values


def _instead(name: str) -> str:
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(Settings.model_fields)}"


def _sentence(name: int | str, fault: str, values: Mapping[str, Any], origins: Mapping[str, str]) -> str:
    name = str(name)
    origin = origins.get(name, "the call")
    wrong = fault.removeprefix("Value error, ").removeprefix("Input ")
    return f"{origin}: {name} = {_masked(values.get(name), origin)!r}: {wrong}"


def _masked(value: object, origin: str) -> str:
    secret = isinstance(value, SecretStr) or origin.startswith(_SECRETS_FILE)
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return MASK if secret else without_secrets(text)
