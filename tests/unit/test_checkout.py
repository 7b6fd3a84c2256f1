"""What must hold of the tree itself, whoever changes it: read from what git tracks."""

from __future__ import annotations

import gzip
import re
import subprocess
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IN_PIECES = [("py", "pi.org"), ("python", "hosted.org"), ("npm", "js.org"), ("crates", ".io"), ("docker", ".io/")]
REGISTRY = re.compile("|".join(re.escape("".join(pieces)) for pieces in IN_PIECES))
MADE_HERE = re.compile(r"\.(?!ci/|git)|demo/|.*__pycache__/")
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:work|root|home|tmp|Users)/[A-Za-z.]")


@cache
def names() -> list[str]:
    """Every file of the project: what git tracks or, where the tree came without git, what nothing here has made."""
    if not (ROOT / ".git").exists():
        lying_here = (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*"))
        return [name for name in lying_here if not MADE_HERE.match(name)]
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z"]  # whoever owns the tree
    return subprocess.run(git, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")


def tracked(*patterns: str) -> list[Path]:
    """The project's files that match; `*` stands for folders too."""
    matching = (ROOT / name for name in names() if any(fnmatch(name, pattern) for pattern in patterns))
    return [path for path in matching if path.is_file()]


def findings(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    """`file:line: what` for each line that matches."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files
        for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


def too_long(files: list[Path], limit: int) -> list[str]:
    lengths = ((path, len(path.read_bytes().splitlines())) for path in files)
    return [f"{path.relative_to(ROOT)} has {lines} lines" for path, lines in lengths if lines > limit]


def test_the_tree_is_seen_at_all():
    assert ROOT / "pyproject.toml" in tracked("*")
    assert len(tracked("worker/*.py")) > 10


def test_no_file_names_a_package_registry():
    assert findings(REGISTRY, tracked("*")) == []


@pytest.mark.parametrize("pieces", IN_PIECES)
def test_a_registry_in_a_file_would_be_found(tmp_path: Path, monkeypatch, pieces):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    config = tmp_path / "some.toml"
    config.write_text(f"fine\nindex = {''.join(pieces)}/simple\n")
    assert findings(REGISTRY, [config]) == [f"some.toml:2: index = {''.join(pieces)}/simple"]


def test_no_file_names_a_path_of_one_machine():
    tests_of_paths = set(tracked("tests/*"))  # they may make up any path
    assert findings(MACHINE_PATH, [path for path in tracked("*") if path not in tests_of_paths]) == []


@pytest.mark.parametrize("directory", ["work", "root", "home", "tmp"])
def test_a_path_of_a_machine_is_told_from_a_part_of_a_link(directory):
    assert MACHINE_PATH.search(f"see /{directory}/me")
    assert not MACHINE_PATH.search(f"see example.org/{directory}/me")


@pytest.mark.parametrize("name", ["run.txt", "build.txt", "dev.txt"])
def test_every_requirement_is_pinned_and_hashed_and_names_no_place(name):
    text = (ROOT / "requirements" / name).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-{1,2}\w", text.replace("    --hash=", ""), re.MULTILINE)
    requirements = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert requirements
    for requirement in requirements:
        assert re.match(r"[A-Za-z0-9._-]+==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", requirement), requirement


def test_a_module_is_one_thing():
    assert too_long(tracked("worker/*.py", "schemas/*.py"), 300) == []


def test_a_test_module_is_one_thing():
    assert too_long(tracked("tests/*.py"), 500) == []


def test_packed_seeds_are_the_same_whenever_they_are_packed():
    packed = tracked("seeds/*.gz")
    assert packed
    for path in packed:
        data = path.read_bytes()
        assert data[4:8] == bytes(4), f"{path.name} holds the time at which it was packed: gzip -n"
        assert gzip.decompress(data)
