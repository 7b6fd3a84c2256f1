"""Network file systems are known by the mount table, whatever stands in it."""

from pathlib import PurePosixPath

import pytest

from worker.broker.embedded.mounts import network_mount

TABLE = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw,relatime shared:2 master:1 - nfs4 server:/home rw,vers=4.2
31 30 8:2 / /home/local rw - xfs /dev/sda2 rw
32 22 0:41 / /mnt/my\040share rw shared:3 - cifs //server/share rw
33 22 0:42 / /srv/remote rw - fuse.sshfs user@server:/srv rw
34 22 0:43 / /srv/own rw - fuse.encfs encfs rw
35 22 0:44 / /data rw - nfs server:/data rw
36 22 8:3 / /data rw - btrfs /dev/sda3 rw
37 22 0:45 / /homes rw - 9p host rw
""".strip()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", None),
        ("/var/lib", None),
        ("/home", "nfs4"),
        ("/home/someone/news", "nfs4"),
        ("/home/local/news", None),
        ("/homeless", None),
        ("/homes/someone", "9p"),
        ("/mnt/my share/news", "cifs"),
        ("/srv/remote", "fuse.sshfs"),
        ("/srv/own", None),
        ("/data", None),
    ],
)
def test_the_deepest_and_latest_mount_of_the_folder_counts(folder, kind):
    assert network_mount(TABLE, PurePosixPath(folder)) == kind


def test_a_table_without_a_mount_for_the_folder_says_nothing():
    assert network_mount("", PurePosixPath("/news")) is None
