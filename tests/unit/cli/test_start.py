"""How `run` and `replay` start: what is wrong is said in one sentence before any I/O, a broker that is away is waited for."""

import asyncio
import json
import os
import signal
import socket
import sys

import aiohttp
import pytest

HANGS = 60.0


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A folder with an article and without a broker's file."""
    for name in [name for name in os.environ if name.startswith("NEWS_WORKER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "one.txt").write_text("The ferry is back.")
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "feeds.txt").write_text("https://news.example/feed.xml\n")
    return tmp_path


def free_port():
    """One that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.parametrize("command", [["run", "--feeds", "feeds.txt"], ["replay", "articles"]])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ALLOW_NET": "10.0.0.1/8"}, "NEWS_WORKER_ALLOW_NET: allow_net = '10.0.0.1/8': 10.0.0.1/8 has host bits set"),
        ({"HEALTH_ADDRESS": "9464"}, "NEWS_WORKER_HEALTH_ADDRESS: health_address = '9464': give an address and a port"),
        ({"HEALTH_ADDRESS": "0.0.0.0:94640"}, "give an address and a port"),
        ({"GRACE_S": "0"}, "NEWS_WORKER_GRACE_S: grace_s = '0': should be greater than 0"),
        ({"BROKER": "redis://there"}, "can't be used: give a file"),
        ({"BROKER": "kafka://there:9092", "KAFKA_SSL_CAFILE": "/none.pem"}, "set kafka_security_protocol to SSL"),
        (
            {"BROKER": "kafka://there:9092", "KAFKA_SASL_USERNAME": "me"},
            "kafka_sasl_username can't be used with PLAINTEXT: set kafka_security_protocol to SASL_SSL, and kafka_sasl_password",
        ),
        (
            {
                "BROKER": "kafka://there:9092",
                "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
                "KAFKA_SASL_USERNAME": "me",
            },
            "SASL_PLAINTEXT needs kafka_sasl_password too",
        ),
        (
            {"BROKER": "kafka://there:9092", "KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_PASSWORD": "hush"},
            "kafka_ssl_password needs kafka_ssl_certfile too",
        ),
        (
            {"BROKER": "kafka://there:9092", "KAFKA_SSL_KEYFILE": "empty.pem"},
            "kafka_ssl_keyfile can't be used with PLAINTEXT",
        ),
        (
            {"BROKER": "kafka://there:9092", "KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CAFILE": "/none.pem"},
            "kafka_ssl_cafile /none.pem can't be read: No such file",
        ),
        (
            {"BROKER": "kafka://there:9092", "KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CAFILE": "empty.pem"},
            "holds no certificate",
        ),
        ({"PREFIX": "a/b"}, "can't be part of a topic's name"),
        ({"SECRETS_DIR": "nowhere"}, "NEWS_WORKER_SECRETS_DIR is nowhere, which is no directory"),
        ({"CONFIG": "nowhere.toml"}, "the configuration file nowhere.toml can't be read"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_nothing_is_touched(bare, call, monkeypatch, command, wrong, said):
    before = set(bare.iterdir())
    for name, value in wrong.items():
        monkeypatch.setenv(f"NEWS_WORKER_{name}", value)
    outcome = call(*command)
    assert outcome.code == 2
    if command[0] == "run":  # its log is JSON here
        (line,) = map(json.loads, outcome.error.splitlines())
        assert (line["event"], line["level"], line["exit_code"]) == ("worker.ended", "error", 2)
        assert said in line["reason"]
    else:
        assert (outcome.error.count("error: "), said in outcome.error) == (1, True), outcome.error
    assert set(bare.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--proxy", "socks5://proxy:1080"], "the setting proxy must be http(s)://host:port"),
        (["--feeds", "empty.pem"], "empty.pem lists no sources"),
        (["--feeds", "articles"], "is a directory"),
        (["--broker", "kafka://there:0x50"], "can't be used: give kafka://host:9092"),
    ],
)
def test_what_only_polls_need_is_checked_before_anything_is_opened_too(bare, call, arguments, said):
    before = set(bare.iterdir())
    outcome = call("run", *arguments, "--health-address", f"127.0.0.1:{free_port()}")
    assert (outcome.code, said in outcome.error) == (2, True), outcome.error
    assert set(bare.iterdir()) == before


def test_several_wrong_settings_are_a_sentence_each(bare, call, monkeypatch):
    monkeypatch.setenv("NEWS_WORKER_GRACE_S", "soon")
    monkeypatch.setenv("NEWS_WORKER_MAX_POLLS", "0")
    outcome = call("run")
    (line,) = map(json.loads, outcome.error.splitlines())
    assert [sentence.partition(":")[0] for sentence in line["reason"].split("; ")] == [
        "NEWS_WORKER_MAX_POLLS",
        "NEWS_WORKER_GRACE_S",
    ]
    assert outcome.code == 2


@pytest.mark.parametrize("wrong", [["--jobs", "0"], ["--nonsense"]])
def test_where_logs_are_for_people_what_ends_the_worker_is_sentences(bare, call, monkeypatch, wrong):
    monkeypatch.setenv("NEWS_WORKER_LOG_FORMAT", "pretty")
    outcome = call("run", *wrong)
    assert (outcome.code, outcome.error.startswith("error: ")) == (2, True)


def test_a_wrong_option_is_a_line_of_the_log_too(bare, call):
    outcome = call("run", "--nonsense")
    line = json.loads(outcome.error)
    assert (outcome.code, line["event"], line["exit_code"]) == (2, "worker.ended", 2)
    assert "--nonsense" in line["reason"]


async def test_a_broker_that_is_away_is_waited_for_and_health_and_log_say_so(bare):
    health = free_port()
    command = ["run", "--broker", f"kafka://127.0.0.1:{free_port()}", "--health-address", f"127.0.0.1:{health}"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "worker", *command, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(HANGS), aiohttp.ClientSession() as session:
            said = []
            async for line in process.stderr:
                said.append(json.loads(line))
                if sum(one["event"] == "broker.away" for one in said) == 2:
                    break
            async with session.get(f"http://127.0.0.1:{health}/readyz") as response:
                told = await response.json()
                assert (response.status, told["ok"]) == (503, False)
            async with session.get(f"http://127.0.0.1:{health}/livez") as response:
                assert response.status == 200
            assert told["why"] == [said[-1]["reason"]]
            assert "Kafka at 127.0.0.1" in said[-1]["reason"]
            assert (said[0]["event"], said[0]["health"]) == ("worker.starting", f"127.0.0.1:{health}")
            async with session.get(f"http://127.0.0.1:{health}/metrics") as response:
                assert "news_worker_ready 0.0" in await response.text()
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("command", [["run"], ["replay", "articles"]])
async def test_a_signal_ends_it_while_a_broker_takes_the_connection_and_does_not_answer(bare, command):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        broker = f"kafka://127.0.0.1:{silent.getsockname()[1]}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "worker", *command, "--broker", broker, stderr=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(HANGS):
                taken, _ = await asyncio.get_running_loop().sock_accept(silent)
                with taken:
                    process.send_signal(signal.SIGTERM)
                    _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == (0 if command == ["run"] else 1)
    assert b"broker.away" not in said, "it waited until the broker had had its time"
