"""Becomes a container's process 1: called as root in namespaces of its own, it lays the root, drops root, and is the program.

Its argument is JSON: `root`, which is made read-only; `binds`, from and to and whether to be read only; `memory`, folders of a file
system in memory; `user`, `group`, `folder`, `environment`, `program`. The network is the machine's, as loopback is all there is.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

SET_PDEATHSIG = 1
NODES = ("null", "zero", "full", "random", "urandom")
LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}


def mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


def bind(source: Path, target: Path, *, read_only: bool) -> None:
    mount("--bind", source, target)
    if read_only:
        mount("-o", "remount,bind,ro,nosuid,nodev", target)


def main() -> None:
    told = json.loads(sys.argv[1])
    root = Path(told["root"])
    bind(root, root, read_only=False)
    mount("-t", "proc", "-o", "nosuid,nodev,noexec", "proc", root / "proc")
    mount("-t", "tmpfs", "-o", "nosuid,mode=755,size=64k", "tmpfs", root / "dev")
    for name in NODES:
        (root / "dev" / name).touch()
        bind(Path("/dev", name), root / "dev" / name, read_only=False)
    for name, target in LINKS.items():
        (root / "dev" / name).symlink_to(target)
    for folder in told["memory"]:
        mount("-t", "tmpfs", "-o", "nosuid,nodev,noexec,mode=1777,size=64m", "tmpfs", root / folder.lstrip("/"))
    for source, target, read_only in told["binds"]:
        bind(Path(source), root / target.lstrip("/"), read_only=read_only)
    mount("-o", "remount,bind,ro", root)
    os.chroot(root)
    os.chdir(told["folder"])
    os.setgroups([])
    os.setgid(told["group"])
    os.setuid(told["user"])
    # After the last change of who it is, which would take it back: it ends with whoever waits for it.
    ctypes.CDLL(None).prctl(SET_PDEATHSIG, signal.SIGKILL)
    os.execve(told["program"][0], told["program"], told["environment"])


if __name__ == "__main__":
    main()
