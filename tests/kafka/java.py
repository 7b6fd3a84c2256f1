"""Java programs of one file, run with Kafka's own jars as a user would run them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from kafka.found import HOW, Jars, Kafka

HANGS = 120  # seconds


def java(
    kafka: Kafka, program: Path, *arguments: str, given: str = "", settings: Mapping[str, str] | None = None
) -> str:
    """What it writes. Skips where Kafka was found in a container only, which has no compiler."""
    if not isinstance(kafka, Jars):
        pytest.skip(f"a Java program needs Kafka's jars, and Java here. {HOW}")
    ran = subprocess.run(
        [kafka.java, "-cp", f"{kafka.folder}/*", str(program), *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
        env={**os.environ, **(settings or {})},
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
