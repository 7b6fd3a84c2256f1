"""How much hypothesis tries, which process runs which files, and what becomes of a skipped test.

It is listed loudly, and with NEWS_REQUIRE_KAFKA=1 it fails:
a suite that is green because half of it did not run says nothing.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from functools import cache
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# No deadline: two busy cores would turn it into a test of the machine. `make fuzz` asks for the profile `fuzz`.
settings.register_profile("modest", max_examples=60, deadline=None)
settings.register_profile("ci", settings.get_profile("modest"), derandomize=True, print_blob=True)
settings.register_profile("fuzz", max_examples=20_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "modest")

pytest_plugins = ["kafka.fixtures"]
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
SKIPS_FAIL = os.environ.get("NEWS_REQUIRE_KAFKA") == "1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _judged((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _judged((yield))


def _judged(report: Report) -> Report:
    if SKIPS_FAIL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped, and NEWS_REQUIRE_KAFKA=1 allows no skip: {_reason(report)}"
    return report


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    return _ByCluster(config, log)


class _ByCluster(LoadFileScheduling):
    """Files that need the same costly cluster go to the same process: it is started once, and idles in one."""

    clusters = ("kafka_trio", "kafka_secured")

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return self._cluster(file) or file

    @cache  # noqa: B019 (there is one)
    def _cluster(self, file: str) -> str | None:
        source = (self.config.rootpath / file).read_text()
        return next((name for name in self.clusters if name in source), None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    terminalreporter.section(f"{len(skipped)} NOT RUN", sep="!", red=True, bold=True)
    for reason, count in Counter(map(_reason, skipped)).most_common():
        terminalreporter.write_line(f"{count:5} x {reason}", yellow=True)
    terminalreporter.write_line("NEWS_REQUIRE_KAFKA=1 turns each of them into a failure.")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped and how to get it, in the words of whoever skipped it."""
    place = report.longrepr
    return (place[2] if isinstance(place, tuple) else str(place)).removeprefix("Skipped: ")
