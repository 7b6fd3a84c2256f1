"""Builds the image without a container engine: by buildah, isolated by chroot, all that it keeps in a folder of its own.

No registry of images is asked either: under the base's tag stands a Debian made by debootstrap, whose Python is of the same minor
version and, as the base's, without bytecode. It is made once (two minutes), the image whenever something that goes into it changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TREE = Path(__file__).parents[2]
KEPT = TREE / ".image"  # between runs; `make clean` removes it
NAME = "localhost/news-worker"
EPOCH = 1_700_000_000  # of every file, so that an image made twice is the same
PROGRAMS = ("buildah", "debootstrap", "unshare", "setpriv", "mount")
HOW = (
    "the image was neither built nor run: this takes Linux, root, and {missing} (Debian, Ubuntu: apt-get install buildah "
    "debootstrap debian-archive-keyring; then make image-test as root)"
)
SHELLS = ("bin/sh", "bin/dash", "bin/bash", "usr/bin/sh", "usr/bin/dash", "usr/bin/bash")


class Missing(Exception):
    """The image can't be built here; the message says how it could."""


@dataclass(frozen=True, slots=True)
class Image:
    """The image, unpacked: shells are taken out of it, as none may be needed."""

    name: str
    container: str  # buildah's
    root: Path
    config: dict[str, Any]  # as docker has it: User, Env, Entrypoint, …
    bytes: int  # what its files take
    own_bytes: int  # of these, what the base doesn't have


@contextmanager
def unpacked() -> Iterator[Image]:
    """Build it unless it is there, and unpack it. Missing: it can't be built here."""
    absent = [program for program in PROGRAMS if not shutil.which(program)]
    if absent or os.geteuid():
        raise Missing(HOW.format(missing=", ".join(absent or ["nothing more"])))
    KEPT.mkdir(exist_ok=True)
    name = built()
    config = json.loads(buildah("inspect", "--type=image", name))["Docker"]["config"]
    container = buildah("from", "--pull-never", name)
    try:
        root = Path(buildah("mount", container))
        own = sum(map(size, (root / "opt/news-worker", root / "var/lib/news-worker")))
        whole = size(root)
        for shell in SHELLS:
            (root / shell).unlink(missing_ok=True)
        yield Image(name, container, root, config, whole, own)
    finally:
        buildah("rm", container)


def built() -> str:
    """The name of the image of what is in the tree now."""
    name = f"{NAME}:{_digest()}"
    if there(name):
        return name
    base = re.findall(r"^ARG BASE=(\S+)$", (TREE / "Dockerfile").read_text(), re.MULTILINE)[0]
    if not there(base):
        _stand_in(base)
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        options = ["--format=docker", "--pull-never", "--network=host", f"--timestamp={EPOCH}", f"--tag={name}"]
        buildah("bud", *options, *_secrets(Path(folder)), str(TREE))
    for old in buildah("images", "--format={{.Name}}:{{.Tag}}").split():
        if old.startswith(f"{NAME}:") and old != name:
            buildah("rmi", "--force", old)  # with what a run that was killed left of it
    return name


def buildah(*arguments: str) -> str:
    """What it says on standard output. AssertionError, with all that it said, when it fails."""
    folders = [f"--root={KEPT}/storage", f"--runroot={KEPT}/run", "--storage-driver=vfs"]
    ran = subprocess.run(
        ["buildah", *folders, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "BUILDAH_ISOLATION": "chroot"},
    )
    assert ran.returncode == 0, f"buildah {' '.join(arguments)}\n{ran.stdout[-10_000:]}\n{ran.stderr[-10_000:]}"
    return ran.stdout.strip()


def there(name: str) -> bool:
    names = buildah("images", "--format={{.Name}}:{{.Tag}}").split()
    return any(one == name or one.endswith(f"/{name}") for one in names)


def size(folder: Path) -> int:
    """Bytes of the files in it, each once."""
    found = {(stat.st_dev, stat.st_ino): stat.st_size for stat in (path.lstat() for path in folder.rglob("*"))}
    return sum(found.values())


def _stand_in(base: str) -> None:
    packages = "--include=python3,python3-venv,ca-certificates,netbase,tzdata"
    with tempfile.TemporaryDirectory(dir=KEPT) as folder:
        root = Path(folder) / "root"
        made = ["debootstrap", "--variant=minbase", packages, "bookworm", str(root)]
        ran = subprocess.run(made, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, f"{' '.join(made)}\n{ran.stdout[-10_000:]}\n{ran.stderr}"
        for without in ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/cache/apt", "var/lib/apt/lists"):
            shutil.rmtree(root / without)  # as in the base
        for compiled in root.glob("usr/lib/python3*/**/__pycache__"):
            shutil.rmtree(compiled)
        container = buildah("from", "scratch")
        buildah("add", "--quiet", container, str(root), "/")
    buildah("config", "--env=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
    buildah("commit", "--quiet", "--rm", container, base)


def _secrets(folder: Path) -> list[str]:
    """How pip is set up on this machine, told as the Dockerfile takes it: a mirror, an authority of its own."""
    keys = {"PIP_INDEX_URL": "index-url", "PIP_EXTRA_INDEX_URL": "extra-index-url", "PIP_PROXY": "proxy"}
    lines = [f"{key} = {os.environ[name]}" for name, key in keys.items() if os.environ.get(name)]
    authority = next((os.environ[name] for name in ("PIP_CERT", "SSL_CERT_FILE") if os.environ.get(name)), None)
    if authority:
        lines.append("cert = /run/secrets/ca")
    conf = folder / "pip.conf"
    conf.write_text("\n".join(["[global]", *lines, ""]))
    return [f"--secret=id=pip,src={conf}", *([f"--secret=id=ca,src={authority}"] if authority else [])]


def _digest() -> str:
    """Of all that goes into the image, by what .dockerignore lets in."""
    let_in = [line[1:] for line in (TREE / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    paths = [TREE / "Dockerfile", Path(__file__), *(TREE / name for name in let_in)]
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file()]
    digest = hashlib.sha256()
    for file in sorted(file for file in files if "__pycache__" not in file.parts):
        digest.update(f"{file.relative_to(TREE)} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]
