"""`news-worker schema`: the published schemas, and events checked against them with `format` asserted."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from worker.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema_rs import Draft202012Validator

_URN = "urn:news-worker:schema:"
_LONGEST = 500  # characters of a message: it quotes what doesn't fit


@click.group()
def command() -> None:
    """Show the schemas of events, or validate events against them.

    \b
      news-worker schema show article-event
      news-worker replay my-articles/ --to - | news-worker schema validate -
    """


@command.command("list")
def list_() -> None:
    """List the schemas: name, version and $id."""
    from worker import contract

    for name in contract.names():
        for version in contract.versions(name):
            click.echo(f"{name}\t{version}\t{contract.load(name, version)['$id']}")


@command.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the schema NAME, or one version of it.

    \b
      news-worker schema show article-event
      news-worker schema show article-event:1.0.0
    """
    import json

    click.echo(json.dumps(_schema(name), indent=2, ensure_ascii=False))


@command.command(short_help="Validate events, as replay and tail print them.")
@click.argument("file", type=click.File("rb"))
def validate(file: BinaryIO) -> Exit:
    """Validate the events in FILE (- for standard input): JSON, or JSON a line.

    An event is what `replay --to -` and `tail --format json` print, or just the value of a record. The schema is the
    one that the event's own dataschema names, else the newest; of a rejection the headers are validated.

    \b
      news-worker tail articles --format json | news-worker schema validate -
    """
    validators: dict[str, Draft202012Validator] = {}
    valid = invalid = 0
    for where, event in _events(file):
        faults = list(_faults(event, validators))
        for fault in faults:
            click.echo(f"{where}: {fault}")
        invalid += bool(faults)
        valid += not faults
    click.echo(f"{valid} valid, {invalid} invalid", err=True)
    return Exit.LEFT if invalid else Exit.OK


def _schema(name: str) -> dict[str, Any]:
    from difflib import get_close_matches

    from worker import contract
    from worker.errors import UsageError

    base, _, version = name.partition(":")
    try:
        return contract.load(base, version or None)
    except KeyError:
        known = contract.versions(base) or get_close_matches(base, contract.names(), n=1) or contract.names()
        message = f"there is no schema {name!r}; there is {', '.join(known)}"
        raise UsageError(message) from None


def _events(file: BinaryIO) -> Iterator[tuple[str, object]]:
    """Each event with where it stands. Bounded in memory for an event a line; a file of another form is read whole."""
    import orjson

    lines = enumerate(file, 1)
    number, first = next(((number, line) for number, line in lines if line.strip()), (1, b""))
    try:
        orjson.loads(first)
    except orjson.JSONDecodeError:
        rest = first + file.read()
        try:
            whole = orjson.loads(rest)
        except orjson.JSONDecodeError:
            yield from _lines(enumerate(rest.splitlines(), number))
        else:
            yield from _members("the document", whole)
    else:
        yield from _lines(chain([(number, first)], lines))


def _lines(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[str, object]]:
    import orjson

    for number, line in lines:
        if line.strip():
            try:
                yield from _members(f"line {number}", orjson.loads(line))
            except orjson.JSONDecodeError as error:
                yield f"line {number}", error


def _members(where: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, list):
        yield from ((f"{where}, item {number}", member) for number, member in enumerate(value, 1))
    else:
        yield where, value


def _faults(event: object, validators: dict[str, Draft202012Validator]) -> Iterator[str]:
    """What is wrong with an event: the JSON path and a sentence each."""
    from jsonschema_rs import Draft202012Validator

    from worker.errors import UsageError
    from worker.shown import on_one_line

    if isinstance(event, ValueError):
        yield f"not JSON: {event}"
        return
    if not isinstance(event, dict):
        yield "not an event: a JSON object is needed"
        return
    name, instance = _subject(event)
    if name not in validators:
        try:
            validators[name] = Draft202012Validator(_schema(name), validate_formats=True)
        except UsageError as error:
            yield str(error)
            return
    for fault in validators[name].iter_errors(instance):
        yield f"{_path(fault.instance_path)}: {on_one_line(fault.message)[:_LONGEST]}"


def _subject(event: dict[str, Any]) -> tuple[str, object]:
    """The name of the schema that counts, and what it must fit."""
    from worker.model import Topic

    if {"topic", "offset", "value"} <= event.keys():
        if str(event["topic"]).endswith(Topic.REJECTS):
            return "rejection", event.get("headers")
        attributes, instance = event.get("cloudevent"), event["value"]
    else:
        attributes, instance = (
            event.get("cloudevent"),
            {name: value for name, value in event.items() if name != "cloudevent"},
        )
    declared = attributes.get("dataschema") if isinstance(attributes, dict) else None
    return str(declared).removeprefix(_URN) if declared else "article-event", instance


def _path(parts: list[str | int]) -> str:
    return "$" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
