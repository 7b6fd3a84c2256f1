"""The image as it is: what it says of itself, and what is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from image.engine import buildah

from worker import __version__

MOST_OWN_BYTES = 140_000_000  # what it adds to its base; README says how much that is
COMPILED = Path(__file__).with_name("compiled.py").read_text()


def test_it_runs_as_a_numbered_user_and_without_a_shell(image):
    config = image.config
    user, _, group = config["User"].partition(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000
    assert config["Entrypoint"] == ["/opt/news-worker/bin/news-worker"]
    assert config["Cmd"] == ["run"]
    assert config["Healthcheck"]["Test"] == ["CMD", "/opt/news-worker/bin/news-worker", "healthy"]
    assert list(config["Volumes"]) == [config["WorkingDir"]]
    assert not [path for path in image.root.glob("*/*sh") if path.name in {"sh", "dash", "bash"}]


def test_its_labels_are_those_of_oci_and_tell_the_version(image):
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in image.config["Labels"].items()}
    assert labels["version"] == __version__
    assert labels["licenses"] == "Apache-2.0"
    assert {"title", "description", "revision"} <= labels.keys()


def test_its_own_part_is_small_and_holds_nothing_that_only_builds(image, capsys):
    names = {
        path.name.split("-")[0].lower() for path in image.root.glob("opt/news-worker/lib/python3*/site-packages/*")
    }
    assert {"worker", "aiokafka", "orjson"} <= names
    assert not names & {"pip", "setuptools", "hatchling", "pytest", "mypy"}
    said = f"the image takes {image.bytes / 1e6:.0f} MB, of which {image.own_bytes / 1e6:.0f} MB are not the base's"
    with capsys.disabled():
        sys.stdout.write(f"\n{said}\n")
    assert image.own_bytes < MOST_OWN_BYTES


def test_only_the_volume_is_not_roots(image):
    user, group = map(int, image.config["User"].split(":"))
    others = [path for path in image.root.rglob("*") if path.lstat().st_uid == user or path.lstat().st_gid == group]
    assert others == [image.root / "var/lib/news-worker"]


async def test_all_that_is_imported_was_compiled_without_a_time_in_it(embedded):
    async with embedded.running(
        "-c", COMPILED, program=["/opt/news-worker/bin/python3"], stdout=subprocess.PIPE
    ) as process:
        out, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    assert not list(embedded.image.root.glob("opt/news-worker/lib/**/__pycache__"))
    found = json.loads(out)
    assert found.pop("imported") > 500
    assert found == {"lacking": [], "checked": []}


def test_its_help_is_shown_by_an_engine_too(image):
    user = image.config["User"]
    said = buildah("run", f"--user={user}", image.container, "--", *image.config["Entrypoint"], "--help")
    assert said.startswith("Usage: news-worker")
