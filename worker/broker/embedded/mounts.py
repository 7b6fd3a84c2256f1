"""Whether a folder lies on a network file system, where SQLite's shared memory and locks don't hold.

Judged by the text of /proc/self/mountinfo (proc_pid_mountinfo(5)): the deepest mount that contains the folder counts.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

_NETWORK: Final = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "pvfs2",
        "smb3",
        "smbfs",
    }
)
_FUSE: Final = frozenset(
    {
        "ceph",
        "curlftpfs",
        "davfs2",
        "gcsfuse",
        "glusterfs",
        "goofys",
        "mfs",
        "rclone",
        "s3fs",
        "seaweedfs",
        "smbnetfs",
        "sshfs",
    }
)
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def network_mount(mountinfo: str, folder: PurePosixPath) -> str | None:
    """The type of the network file system that holds the folder (absolute, symlinks resolved); None: a local one."""
    deepest, found = -1, ""
    for line in mountinfo.splitlines():
        own, _, rest = line.partition(" - ")
        point = PurePosixPath(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), own.split(" ")[4]))
        # Of two mounts on one point the later hides the earlier, hence >=.
        if folder.is_relative_to(point) and len(point.parts) >= deepest:
            deepest, found = len(point.parts), rest.split(" ", 1)[0]
    return found if found in _NETWORK or found.removeprefix("fuse.") in _FUSE else None
