"""Where Kafka is looked for, and what is said when it is nowhere."""

import pytest
from kafka import found
from kafka.found import Jars, NotFound, find


@pytest.fixture
def java(tmp_path, monkeypatch):
    """A machine that has nothing but a Java."""
    path = tmp_path / "bin" / "java"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\necho 'openjdk version \"17.0.1\"' >&2\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent))
    monkeypatch.setattr(found, "BROKER", found.Wanted(tmp_path / "jars", found.BROKER.artifacts))
    monkeypatch.delenv("KAFKA_HOME", raising=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return path


def test_where_there_is_none_it_says_how_to_get_one(java):
    with pytest.raises(NotFound, match=r"apt-get install .* maven.*KAFKA_HOME is not set; no mvn; neither docker"):
        find()


def test_an_unpacked_one_goes_before_what_maven_fetched(java, tmp_path, monkeypatch):
    found.BROKER.folder.mkdir()
    assert find() == Jars(str(java), found.BROKER.folder)
    libs = tmp_path / "home" / "libs"
    libs.mkdir(parents=True)
    monkeypatch.setenv("KAFKA_HOME", str(libs.parent))
    assert find() == Jars(str(java), found.BROKER.folder)
    (libs / "kafka_2.13-4.1.0.jar").touch()
    assert find() == Jars(str(java), libs)


def test_an_old_java_is_not_taken(java):
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.1\"' >&2\n")
    found.BROKER.folder.mkdir()
    with pytest.raises(NotFound, match="older than 17"):
        find()


def test_what_a_download_leaves_is_whole_or_nothing(java):
    maven = java.with_name("mvn")
    maven.write_text("#!/bin/sh\necho no network; exit 1\n")
    maven.chmod(0o755)
    with pytest.raises(NotFound, match="mvn: no network"):
        find()
    assert not found.BROKER.folder.exists()
