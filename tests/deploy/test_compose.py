"""deploy/compose.yaml: what it says is right, and it does what it is there for, run from its values without an engine."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack, closing
from importlib.util import module_from_spec, spec_from_file_location
from ipaddress import ip_network

import pytest
from deploy.composed import FILE, HANGS, Composed, broker, environment, loopback, read, stop

from worker.settings import load

SEEN = 8  # stories of the sample feed


@pytest.fixture
async def composed(kafka_found, tmp_path):
    words = loopback()
    with closing(broker(kafka_found, tmp_path / "kafka", words)) as cluster:
        await cluster.ready()
        yield Composed(tmp_path, words)


def test_it_is_valid_by_the_compose_specification():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema=vendor.compose-spec", str(FILE)]
    ran = subprocess.run(check, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_every_file_that_it_names_is_there_and_a_secret_can_be_read_by_the_images_user():
    composed = read()
    mounted = [
        volume.split(":")[0] for service in composed["services"].values() for volume in service.get("volumes", ())
    ]
    files = [FILE.parent / name for name in mounted if name.startswith(".")]
    secrets = [FILE.parent / secret["file"] for secret in composed["secrets"].values()]
    assert len(files) == 3
    assert all(file.is_file() for file in [*files, *secrets])
    assert all(file.stat().st_mode & 0o004 for file in [*files, *secrets])
    assert {name for name in mounted if not name.startswith(".")} == composed["volumes"].keys()


def test_all_that_runs_the_image_runs_it_without_rights_on_a_root_that_is_read_only():
    services = [service for service in read()["services"].values() if service["image"] == "news-worker"]
    assert len(services) == 5
    for service in services:
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "user" not in service  # the image's own


def test_two_workers_are_let_into_the_sample_feeds_network_and_no_other(monkeypatch):
    composed = read()
    settings = environment(composed["services"]["worker"]["env_file"])
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NEWS_WORKER_SECRETS_DIR")  # not on this machine
    loaded = load()
    sample = composed["networks"]["sample"]
    assert loaded.allow_net == (ip_network(sample["ipam"]["config"][0]["subnet"]),)
    assert sample["internal"]
    assert composed["services"]["feed"]["networks"] == ["sample"]
    assert composed["services"]["worker"]["deploy"]["replicas"] == 2
    grace = int(composed["services"]["worker"]["stop_grace_period"].removesuffix("s"))
    assert grace > loaded.grace_s


def test_the_sample_feed_goes_on_corrects_and_withdraws():
    spec = spec_from_file_location("sample_feed", FILE.parent / "compose" / "feed.py")
    feed = module_from_spec(spec)
    spec.loader.exec_module(feed)
    shown = [feed.document(step, 20.0).decode() for step in range(100, 130)]
    assert shown[0] == feed.document(100, 20.0).decode()
    assert len(set(shown)) == len(shown)
    assert any("Correction:" in document for document in shown)
    assert any("at:deleted-entry" in document for document in shown)


async def test_one_command_and_there_is_a_stream_to_look_at(composed):
    async with asyncio.timeout(HANGS), AsyncExitStack() as stack:
        workers = await composed.up(stack, "worker")
        (reader,) = await composed.up(stack, "reader")
        lines = [(await reader.stdout.readline()).decode() for _ in range(SEEN)]
        assert all(line.startswith("created ") for line in lines), (lines, composed.said("worker"))
        for worker in workers:
            stop(worker)
        assert [await worker.wait() for worker in workers] == [0, 0], composed.said("worker")
