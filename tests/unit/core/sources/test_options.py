"""What an option may be, and what is said of one that may not."""

import pytest

from worker.core.sources import table
from worker.core.sources.difference import Kind, compare
from worker.core.sources.options import OPTIONS, is_of, parsed, source_id
from worker.core.sources.stored import definition_of, record
from worker.model import Definition


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("interval", "60", 60),
        ("interval", 90, 90),
        ("interval", "15m", 900),
        ("interval", " 7d ", 604_800),
        ("initial", "publish", "publish"),
        ("initial", "skip", "skip"),
        ("initial", "since 2026-01-31", "2026-01-31"),
        ("initial", "2026-01-31", "2026-01-31"),
        ("updates", "none", "none"),
        ("daily_updates", "24", 24),
        ("daily_updates", 1, 1),
        ("zone", "Europe/Berlin", "Europe/Berlin"),
        ("zone", "-03:30", "-03:30"),
        ("title", " The\n\x1bGazette ", "The Gazette"),
        ("title", "", None),
        ("folder", ["News", "", "Local"], ("News", "Local")),
        ("folder", "News", ("News",)),
        ("headers", "X-Key=a, Accept=b", (("X-Key", "a"), ("Accept", "b"))),
        ("headers", {"X-Key": "a"}, (("X-Key", "a"),)),
        ("headers", ("X-Key=a",), (("X-Key", "a"),)),
        ("credentials", "login_1", "login_1"),
        ("ca_file", "/etc/ca.pem", "/etc/ca.pem"),
    ],
)
def test_an_option_is_taken_as_text_or_as_a_value(name, given, value):
    assert parsed({name: given}) == {OPTIONS[name].field: value}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("interval", "59s"),
        ("interval", "8d"),
        ("interval", "often"),
        ("interval", True),
        ("interval", -600),
        ("initial", "2026-02-30"),
        ("initial", "later"),
        ("updates", "some"),
        ("daily_updates", 0),
        ("daily_updates", True),
        ("daily_updates", "many"),
        ("zone", "Mars/Base"),
        ("zone", "../../etc/passwd"),
        ("zone", "+15:00"),
        ("zone", 2),
        ("headers", "X-Key"),
        ("headers", "X Key=a"),
        ("headers", "Host=a"),
        ("headers", "If-None-Match=a"),
        ("headers", "X-Key=a, x-key=b"),
        ("headers", {"X-Key": 1}),
        ("headers", 5),
        ("credentials", ""),
        ("ca_file", "ca.pem"),
    ],
)
def test_what_an_option_can_not_be_is_refused_by_its_name(name, given):
    with pytest.raises(ValueError, match=f"^{name}: "):
        parsed({name: given})


@pytest.mark.parametrize("name", ["headers", "credentials"])
def test_a_secret_given_by_its_value_is_refused_and_not_repeated(name):
    given = "Authorization=Bearer abc.def" if name == "headers" else "me:letmein!"
    with pytest.raises(ValueError, match="secret_NAME") as error:
        parsed({name: given})
    assert "abc" not in str(error.value)
    assert "letmein" not in str(error.value)


def test_a_misspelt_option_is_told_what_it_may_have_meant():
    with pytest.raises(ValueError, match="did you mean interval"):
        parsed({"intervall": "15m"})
    with pytest.raises(ValueError, match="there are title, folder"):
        parsed({"xyz": "15m"})


def test_every_option_is_read_back_from_its_text(full):
    topic = Definition(
        *("wire-0-2", "kafka://b:9092/wire", "topic:wire/0/2", 1, "topic"),
        format="feed",
        share=(0, 2),
        security="sasl_ssl",
        sasl_mechanism="SCRAM-SHA-512",
        credentials="wire",
        ca_file="/etc/ca.pem",
        certificate_file="/etc/c.pem",
        key_file="/etc/k.pem",
    )
    for name, option in OPTIONS.items():
        value = getattr(full if is_of(name, "feed") else topic, option.field)
        if name != "folder":  # a name in it may hold the slash that is shown between them
            assert option.parse(option.text(value)) == value
    assert definition_of(b"wire-0-2", record(topic, 1).value) == topic
    (read,), wrong = table.read(table.written([topic]), "t")
    assert not wrong
    assert compare([read], [topic], 1).differences[0].kind is Kind.SAME


@pytest.mark.parametrize("given", ["gazette", "0123456789abcdef", "A.b-c_d"])
def test_an_id_can_be_given(given):
    assert source_id(given) == given


@pytest.mark.parametrize("given", ["", "dataset:a", "a b", "-a", "a" * 101, "é", 5, None])
def test_what_can_not_be_an_id_is_refused(given):
    with pytest.raises(ValueError, match=r"id|text"):
        source_id(given)
