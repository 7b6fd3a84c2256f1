"""`make accuracy CORPUS=path`: how exactly feeds are read, against a second, strict reading of the same bytes.

Every file under the path that is a feed counts; what is no feed by the letter is left out, and said. Exits with 1 below the aims.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

from accuracy import product, strict
from accuracy.compare import ENTRIES, FIELDS, INSTANTS, Score, compared
from pebble import ProcessExpired, ProcessPool

URL = "http://feeds.example/news/feed.xml"
SECONDS = 60  # that a feed may take
FORMS = ("well-formed", "broken", "json")
AIMS = {
    "well-formed": dict.fromkeys(FIELDS, 0.995) | {ENTRIES: 0.997},
    "broken": dict.fromkeys(FIELDS, 0.98),
    "json": dict.fromkeys(FIELDS, 1.0),
}
WRONG_INSTANTS = 0.001


def judged(path: Path) -> tuple[str | None, Score]:
    """The form of a file, None where it is no feed, and its score."""
    data = path.read_bytes()
    feed = strict.read(data, URL)
    if feed is None:
        return None, Score()
    found = product.entries(data, URL)
    if isinstance(found, str):
        score = compared(feed.entries, [])
        score.examples = [f"no feed: {found}"] if feed.entries else []
        return feed.form, score
    return feed.form, compared(feed.entries, found)


def scored(paths: Sequence[Path]) -> tuple[dict[str, Score], Counter[str], list[str]]:
    scores = {form: Score() for form in FORMS}
    files: Counter[str] = Counter()
    stopped: list[str] = []
    with ProcessPool(max_workers=2, context=get_context("forkserver")) as pool:
        results = pool.map(judged, paths, timeout=SECONDS).result()
        for path in paths:
            try:
                form, score = next(results)
            except (TimeoutError, ProcessExpired) as error:
                stopped.append(f"{path}: {type(error).__name__}")
                continue
            except Exception as error:  # noqa: BLE001 (whatever it is, it is what is looked for)
                stopped.append(f"{path}: {type(error).__name__}: {error}")
                continue
            files[form or "no feed"] += 1
            if form:
                score.examples = [f"{path}: {example}" for example in score.examples]
                scores[form].add(score)
    return scores, files, stopped


def missed(form: str, score: Score) -> list[str]:
    below = [name for name in FIELDS if score.right(name) < AIMS[form][name]]
    if form == "well-formed" and score.wrong[INSTANTS] > WRONG_INSTANTS * score.stated[INSTANTS]:
        below.append("wrong instants")
    return below


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--examples", type=int, default=5, help="disagreements to show of each kind")
    options = parser.parse_args()
    paths = sorted(path for path in options.corpus.rglob("*") if path.is_file() and ".git" not in path.parts)
    scores, files, stopped = scored(paths)
    below = []
    print(f"{'':12} {'files':>6} {'':9} {'stated':>8} {'absent':>7} {'wrong':>6} {'right':>9} {'aim':>8}")
    for form, score in scores.items():
        for name in FIELDS:
            first = name == ENTRIES
            print(
                f"{form if first else '':12} {files[form] if first else '':>6} {name:9} {score.stated[name]:8,} "
                f"{score.absent[name]:7,} {score.wrong[name]:6,} {score.right(name):9.2%} {AIMS[form][name]:8.1%}"
            )
        below += [f"{form} {name}" for name in missed(form, score)]
    rejected = sum(score.rejected for score in scores.values())
    print(
        f"no feed by the letter: {files['no feed']} files; entries rejected: {rejected}; crashed or stopped: {len(stopped)}"
    )
    for form, score in scores.items():
        for name in (*FIELDS, "no feed"):
            examples = [one for one in score.examples if f": {name}: " in one]
            if examples:
                print(f"\n{form}, {name}: {len(examples)}")
                print(*(f"  {example[:400]}" for example in examples[: options.examples]), sep="\n")
    print(*stopped, sep="\n")
    if below:
        print(f"\nbelow the aim: {', '.join(below)}")
    return 1 if below or stopped or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
