"""A place for a replay to run in, and a data set of every format."""

import pytest
from faults.running import Folder, Place


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "set")
