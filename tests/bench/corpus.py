"""Made-up articles for measuring: as large, varied and multilingual as real ones, the same in every run."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

# Words that are common enough for language detection to have something to hold on to.
_WORDS = {
    "en": (
        "the of and to in a is that for it was on are as with they be at one have this from by hot but some "
        "what there we can out other were all your when up use word how said each she which do their time if "
        "will way about many then them would write like so these her long make thing see him two has look "
        "more day could go come did my sound no most number who over know water than call first people may "
        "down side been now find any"
    ),
    "nl": (
        "de het een en van in is dat op te zijn met voor niet aan er om ook als bij maar uit door over ze hij "
        "nog naar heeft tot wel meer dan worden kan geen of deze werd veel jaar moet onder tegen na zich had "
        "onze hebben toen gemeente burgemeester regering volgens woensdag maatregelen inwoners"
    ),
    "de": (
        "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden "
        "aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur "
        "oder aber vor zur bis mehr durch man sein wurde sei in Prozent hatte kann gegen vom können"
    ),
}


def articles(count: int, characters: int = 1700) -> Iterator[dict[str, object]]:
    """Articles of about 2 kB as a JSON line, with an id, a link, a date, a headline and paragraphs."""
    random_ = random.Random(20260101)
    vocabularies = [words.split() for words in _WORDS.values()]
    paragraphs = [[_paragraph(random_, words) for _ in range(200)] for words in vocabularies]
    for number in range(count):
        known = paragraphs[number % len(paragraphs)]
        body: list[str] = []
        while sum(map(len, body)) < characters:
            body.append(random_.choice(known))
        yield {
            "id": f"article-{number:08}",
            "title": random_.choice(known)[:60].strip() + f" {number}",
            "url": f"https://news.example/{number % 1000}/story-{number}",
            "published": f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T10:{number % 60:02}:00Z",
            "author": "A. Writer",
            "text": "\n\n".join(body),
        }


def lines(count: int) -> Iterator[bytes]:
    """The same as JSON lines."""
    for article in articles(count):
        yield json.dumps(article, ensure_ascii=False).encode() + b"\n"


def _paragraph(random_: random.Random, words: list[str]) -> str:
    sentences = []
    for _ in range(3):
        sentence = " ".join(random_.choices(words, k=random_.randint(8, 20)))
        sentences.append(sentence.capitalize() + ".")
    return " ".join(sentences)
