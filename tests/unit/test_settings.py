"""Settings: where values come from, in which order, and what is said of wrong ones."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pydantic import ValidationError

from worker.errors import UsageError
from worker.settings import Settings, explain, load


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in ("BROKER", "PREFIX", "CONFIG", "SECRETS_DIR"):
        monkeypatch.delenv(f"NEWS_WORKER_{name}", raising=False)


@pytest.fixture
def toml(tmp_path):
    def write(text):
        path = tmp_path / "news.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("NEWS_WORKER_SECRETS_DIR", str(folder))
    return folder


def origin(settings, wanted):
    return next((value, where) for name, value, where in explain(settings) if name == wanted)


def test_without_anything_the_defaults_hold():
    settings = load()
    assert (settings.broker, settings.prefix) == ("sqlite:///news.db", "")
    assert settings.jobs >= 1
    assert {where for _, _, where in explain(settings)} == {"default"}


def test_each_source_gives_way_to_the_one_before(toml, secrets, monkeypatch):
    config = toml("prefix = 'file.'")
    assert origin(load(config=config), "prefix") == ("file.", str(config))
    (secrets / "prefix").write_text("secret.\n")
    assert load(config=config).prefix == "secret."
    monkeypatch.setenv("NEWS_WORKER_PREFIX", "environment.")
    assert origin(load(config=config), "prefix") == ("environment.", "NEWS_WORKER_PREFIX")
    assert origin(load({"prefix": "line."}, config=config), "prefix") == ("line.", "--prefix")


def test_what_was_not_given_on_the_command_line_is_left_to_the_others(monkeypatch):
    monkeypatch.setenv("NEWS_WORKER_READ_TIMEOUT_S", "2.5")
    assert load({"read_timeout_s": None}).read_timeout_s == 2.5


def test_an_empty_variable_counts_as_none(monkeypatch):
    monkeypatch.setenv("NEWS_WORKER_BROKER", "")
    assert load().broker == "sqlite:///news.db"


def test_the_file_can_be_named_in_the_environment(toml, monkeypatch):
    monkeypatch.setenv("NEWS_WORKER_CONFIG", str(toml("jobs = 7")))
    assert load().jobs == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("brokr = 'x'", "unknown setting 'brokr'; did you mean 'broker'?"),
        ("zzzz = 1", "unknown setting 'zzzz'; there are broker, prefix,"),
        ("[broker]\nurl = 'x'", "broker = "),
        ("prefix = ", "is no TOML"),
        ("log_level = 'loud'", "log_level = 'loud': should be 'debug', 'info', 'warning' or 'error'"),
        ("prefix = 'a/b c'", "' ' '/' can't be part of a topic's name"),
        ("jobs = 0", "jobs = '0': should be greater than or equal to 1"),
        ("read_timeout_s = inf", "should be a finite number"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_place(toml, text, said):
    path = toml(text)
    with pytest.raises(UsageError) as error:
        load(config=path)
    assert str(path) in str(error.value)
    assert said in str(error.value)


def test_every_wrong_value_gets_a_sentence_that_names_where_it_stands(monkeypatch):
    monkeypatch.setenv("NEWS_WORKER_JOBS", "many")
    with pytest.raises(UsageError) as error:
        load({"log_level": "loud"})
    assert sorted(sentence.partition(":")[0] for sentence in str(error.value).splitlines()) == [
        "--log-level",
        "NEWS_WORKER_JOBS",
    ]


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="can't be read: No such file"):
        load(config=tmp_path / "none.toml")


def test_a_secret_is_read_and_never_shown(secrets):
    (secrets / "broker").write_text("kafka://me:pass@host\n")
    settings = load()
    assert settings.broker == "kafka://me:pass@host"
    assert origin(settings, "broker") == ("***", f"secrets file {secrets}/broker")


def test_a_wrong_secret_is_not_shown_in_the_error(secrets):
    (secrets / "prefix").write_text("pass word")
    with pytest.raises(UsageError) as error:
        load()
    assert "pass" not in str(error.value)


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_a_folder_of_secrets_that_is_none_is_refused(tmp_path, monkeypatch, kind):
    path = tmp_path / "secrets"
    if kind == "file":
        path.write_text("")
    monkeypatch.setenv("NEWS_WORKER_SECRETS_DIR", str(path))
    with pytest.raises(UsageError, match="no directory"):
        load()


def test_a_secret_that_leads_out_of_its_folder_is_refused_not_passed_over(secrets, tmp_path):
    (tmp_path / "elsewhere").write_text("x")
    (secrets / "broker").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="outside"):
        load()


def test_a_secret_that_can_not_be_read_is_named_with_its_path_and_not_shown(secrets):
    path = secrets / "kafka_sasl_password"
    for put, why in ((lambda: path.write_bytes(b"pass\xff"), "it is no UTF-8"), (path.mkdir, "Is a directory")):
        put()
        with pytest.raises(UsageError) as error:
            load()
        assert str(error.value) == f"the secret {path} can't be read: {why}"
        path.unlink() if path.is_file() else path.rmdir()
    path.symlink_to(secrets / "gone")
    with pytest.raises(UsageError, match="kafka_sasl_password can't be read: No such file"):
        load()


def test_secrets_of_another_user_are_named_with_their_path(monkeypatch):
    program = "import os; from worker.settings import load; os.geteuid() or os.seteuid(65534); load()"
    # Not pytest's own folder: root may read anything, and whoever else does not get as far as the file.
    with TemporaryDirectory() as folder:
        monkeypatch.setenv("NEWS_WORKER_SECRETS_DIR", folder)
        path = Path(folder, "kafka_sasl_password")
        path.write_text("pass")
        path.chmod(0)
        for mode, said in ((0o755, f"the secret {path}"), (0, f"NEWS_WORKER_SECRETS_DIR is {folder}, which")):
            Path(folder).chmod(mode)
            done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
            assert f"UsageError: {said} can't be read: Permission denied" in done.stderr
        Path(folder).chmod(0o700)


def test_a_password_in_a_url_is_masked_wherever_it_came_from():
    assert origin(load({"broker": "kafka://me:p/w@d@host:9092?ssl=1"}), "broker")[0] == "kafka://***@host:9092?ssl=1"


@pytest.mark.parametrize("name", ["kafka_sasl_password", "kafka_ssl_password"])
@pytest.mark.parametrize("place", ["variable", "secrets", "file"])
def test_a_password_is_masked_wherever_it_came_from(toml, secrets, monkeypatch, name, place):
    config = None
    if place == "variable":
        monkeypatch.setenv(f"NEWS_WORKER_{name.upper()}", "hush")
    elif place == "secrets":
        (secrets / name).write_text("hush")
    else:
        config = toml(f"{name} = 'hush'")
    settings = load(config=config)
    assert getattr(settings, name).get_secret_value() == "hush"
    assert origin(settings, name)[0] == "***"
    assert "hush" not in repr(settings)


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        load().jobs = 3


def test_settings_by_hand_read_nothing_from_the_environment(monkeypatch):
    monkeypatch.setenv("NEWS_WORKER_PREFIX", "eu.")
    assert Settings().prefix == ""
