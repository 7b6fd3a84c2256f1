"""Imported by the readers' fork server alone: the language model and the schema are loaded before it forks, once for all."""

from __future__ import annotations

from worker.pipeline.readers.reader import trial

trial()  # where it can't be done the readers will find that too, and say it
