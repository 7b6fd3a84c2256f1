"""docs/operations.md says of every setting, exit code, rejection code and fault what it is: none is missing, none is made up."""

import asyncio
import re
import shlex
import sys
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from worker.broker.connect import connect
from worker.cli.exits import Exit
from worker.model import Code, FaultKind, Record, Topic
from worker.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "operations.md").read_text()


def section(title):
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_column(title):
    return re.findall(r"^\| `?([a-z0-9_]+)`? \|", section(title), re.MULTILINE)[1:]  # the first is the heading


def shown(default):
    return (
        ""
        if default in {None, "", (), PydanticUndefined}
        else f"`{default:g}`"
        if isinstance(default, float)
        else f"`{default}`"
    )


def table():
    """As it is to stand in the docs; to renew it, paste what the failed test shows."""
    rows = [
        f"| `{name}` | {shown(field.default)} | {field.description} |" for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def test_every_setting_is_there_as_the_settings_object_has_it():
    assert table() in section("Settings"), f"the table is not current; it should be:\n\n{table()}\n"


def test_every_exit_code_is_there():
    assert first_column("Exit codes") == [str(code.value) for code in Exit]


def test_every_rejection_code_is_there():
    assert first_column("Rejections") == [code.value for code in Code]


def test_every_fault_of_a_source_is_there():
    assert first_column("Faults of a source") == [kind.value for kind in FaultKind]


async def test_the_backup_that_is_told_holds_what_was_committed_while_the_file_is_open(tmp_path):
    python, *arguments = shlex.split(re.search(r"^    (python3 -c .*)$", PAGE, re.MULTILINE)[1])
    assert python == "python3"
    async with connect(f"sqlite:///{tmp_path}/news.db", create=True) as broker:
        await broker.append([Record(Topic.SOURCES, b"one", b"{}", (), 1, b"site")])
        made = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=tmp_path)
        assert await made.wait() == 0
        await broker.append([Record(Topic.SOURCES, b"two", b"{}", (), 1, b"site")])
    async with connect(f"sqlite:///{tmp_path}/news-backup.db", create=False) as backup:
        assert [record.key async for record in backup.read(Topic.SOURCES)] == [b"one"]


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_what_a_page_links_to_is_there(page):
    for target in re.findall(r"\]\(([^)#:]*)(?:#[^)]*)?\)", page.read_text()):
        assert not target or (page.parent / target).exists(), target


def test_every_page_is_in_the_readme():
    readme = (DOCS.parent / "README.md").read_text()
    assert [page.name for page in sorted(DOCS.glob("*.md")) if f"(docs/{page.name})" not in readme] == []
