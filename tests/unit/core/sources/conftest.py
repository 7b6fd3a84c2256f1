"""A definition with every option set."""

import pytest

from worker.model import Definition


@pytest.fixture
def full():
    return Definition(
        "gazette",
        "https://news.example/feed?token=1&a=2",
        "news.example",
        1_700_000_000_000,
        title='The "Gazette" & more \\ <é>',
        folder=("News", "Örtlich"),
        interval_s=5400,
        initial="2026-01-31",
        updates="none",
        daily_updates=3,
        zone="Europe/Berlin",
        headers=(("X-Key", "gazette_key"), ("Authorization", "gazette_token")),
        credentials="gazette_login",
        ca_file="/etc/ssl/gazette ca.pem",
    )
