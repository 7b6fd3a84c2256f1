"""Made-up articles in six languages: as varied as real ones, and the same whenever they are asked for."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

BASE = 1_767_261_600  # seconds since the epoch: when the first article of every feed came out
# Who, does what, where or when, and what follows: any of the first with any of the second, and so on.
_TOLD = {
    "en": (
        (
            "The harbour board|A retired ferryman|The choir of the lower town|Two pupils from the evening school|"
            "The keeper of the weather station|A cooperative of beekeepers|The night baker|Nobody on the council"
        ),
        (
            "has painted the old crane in the colours of the rainbow|wants to bring back the Thursday market|"
            "counted four thousand swifts above the grain store|has mended the bell that cracked in the frost|"
            "published a map of every bench with a view|gave the lighthouse its second lamp again"
        ),
        (
            "after eleven years of waiting|before the first snow|on the far bank of the Ember|in a single afternoon|"
            "without asking for a penny|while the bridge was closed"
        ),
        (
            "and the neighbours brought soup.|but the drawings had been lost in the flood.|as the minutes of the meeting show.|"
            "which surprised even those who had planned it.|and will do so again next spring."
        ),
    ),
    "nl": (
        (
            "De veerman van Oudezand|Het waterschap|Een leerling van de avondschool|De vrijwilligers van het dorpshuis|"
            "De nieuwe molenaar|Een groep gepensioneerde loodsen"
        ),
        (
            "heeft de sluisdeuren met de hand geschilderd|wil de zaterdagmarkt weer op het plein|"
            "telde dit jaar drieduizend ooievaars langs de dijk|vond een kist met brieven achter de orgelpijpen|"
            "heeft het pad langs de vaart opengesteld"
        ),
        (
            "na een winter zonder ijs|nog voor de kermis begint|met geld dat niemand miste|op verzoek van de buurt|"
            "terwijl het de hele week regende"
        ),
        (
            "en dat bleef niet onopgemerkt.|maar de gemeente wist van niets.|zoals het verslag van de vergadering laat zien.|"
            "waarna er koffie met koek was.|en volgend jaar gebeurt het opnieuw."
        ),
    ),
    "de": (
        (
            "Die Fährfrau von Altwasser|Der Verein der Brückenwärter|Eine Klasse der Abendschule|Das Stadtarchiv|"
            "Der Uhrmacher am Kornmarkt|Die Genossenschaft der Imker"
        ),
        (
            "hat den alten Kran im Hafen neu gestrichen|will den Wochenmarkt zurück ans Ufer holen|"
            "zählte im Herbst zweitausend Kraniche über dem Moor|fand hinter der Orgel eine Kiste mit Landkarten|"
            "hat die Glocke aus dem Jahr der Flut wieder aufgehängt"
        ),
        (
            "nach zehn Jahren des Wartens|noch vor dem ersten Frost|ohne einen Cent der Stadt|an einem einzigen Nachmittag|"
            "während die Brücke gesperrt war"
        ),
        (
            "und die Nachbarn brachten Suppe.|doch die Pläne waren verschollen.|wie das Protokoll der Sitzung zeigt.|"
            "was selbst die Beteiligten überraschte.|und im Frühjahr geht es weiter."
        ),
    ),
    "fr": (
        (
            "La passeuse du vieux bac|Le conseil du port|Une chorale de mécaniciens|Les élèves du cours du soir|"
            "Le gardien de la station météo|L’atelier des relieurs"
        ),
        (
            "a repeint la grue aux couleurs de l’arc-en-ciel|veut ramener le marché du jeudi sur le quai|"
            "a compté trois mille martinets au-dessus du silo|a retrouvé une malle de lettres derrière l’orgue|"
            "a rendu au phare sa seconde lampe"
        ),
        (
            "après onze années d’attente|avant la première neige|sans demander un centime|en une seule après-midi|"
            "alors que le pont était fermé"
        ),
        (
            "et les voisins ont apporté la soupe.|mais les plans avaient disparu dans la crue.|"
            "comme le montre le compte rendu.|ce qui a surpris jusqu’aux organisateurs.|et recommencera au printemps."
        ),
    ),
    "uk": (
        (
            "Поромник зі Старого Броду|Рада порту|Хор залізничників|Учні вечірньої школи|Доглядачка метеостанції|"
            "Артіль пасічників"
        ),
        (
            "пофарбував давній кран у кольори веселки|хоче повернути на набережну четверговий ярмарок|"
            "нарахувала над елеватором три тисячі стрижів|знайшов за органом скриню з листами|повернула маякові другу лампу"
        ),
        (
            "після одинадцяти років чекання|ще до першого снігу|без жодної копійки від міста|за одне пообіддя|"
            "поки міст був зачинений"
        ),
        (
            "і сусіди принесли юшку.|але креслення загубилися під час повені.|як видно з протоколу зборів.|"
            "що здивувало навіть тих, хто це задумав.|і навесні все повториться."
        ),
    ),
    "ja": (
        "渡し場の船頭は|港の役場は|夜間学校の生徒たちは|測候所の番人は|養蜂組合は|製本工房の職人は",
        (
            "古い起重機を虹の色に塗り替えた|木曜の市を岸壁に戻したいと話した|穀物倉の上で三千羽のアマツバメを数えた|"
            "オルガンの裏から手紙の箱を見つけた|灯台に二つ目の灯りを取り戻した"
        ),
        "（十一年待った末のことだ）|（初雪の前に終わった）|（費用は誰にも求めなかった）|（橋が閉じていた間の作業だった）",
        "。近所の人たちは汁物を持ち寄った。|。図面は洪水で失われていた。|。議事録にもそう記されている。|。来春も続けるという。",
    ),
}


@dataclass(frozen=True, slots=True)
class Story:
    """What an article says before anybody edits it."""

    language: str
    title: str
    paragraphs: tuple[str, ...]


@lru_cache(maxsize=4096)
def story(feed: str, number: int, size: int) -> Story:
    """The article of this number in the feed, of so many bytes of text or a little more."""
    chosen = random.Random(f"{feed}/{number}")
    language = chosen.choice(list(_TOLD))
    paragraphs: list[str] = []
    while sum(len(paragraph.encode()) for paragraph in paragraphs) < size:
        paragraphs.append(_joined([sentence(language, chosen) for _ in range(3)], language))
    title = sentence(language, chosen).rstrip(".。")
    return Story(language, f"{title} ({number})", tuple(paragraphs))


def sentence(language: str, chosen: random.Random) -> str:
    """One of some thousand in the language."""
    return _joined([chosen.choice(part) for part in _parts(language)], language)


@cache
def _parts(language: str) -> tuple[Sequence[str], ...]:
    return tuple(part.split("|") for part in _TOLD[language])


def _joined(parts: Sequence[str], language: str) -> str:
    return ("" if language == "ja" else " ").join(parts)
