"""Language tags of BCP 47: their form, their case, and one code for one language.

Only the form is checked, not the registry, which grows: the subtags of RFC 5646 section 2.1, cased as section 2.1.1 asks, the
shortest code where a language has several (section 2.2.1).
"""

from __future__ import annotations

import re
from functools import lru_cache

_FORM = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<extlang>[a-z]{3}(?:-[a-z]{3}){0,2}))?(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|[0-9]{3}))?"
    r"(?P<rest>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?)"
)
_LONGEST = 64

# ISO 639-2 and 639-3 codes, and withdrawn ones, of languages that have a two-letter code.
_SHORTEST = dict(
    pair.split(":")
    for pair in (
        "afr:af alb:sq sqi:sq amh:am ara:ar arm:hy hye:hy aze:az baq:eu eus:eu bel:be ben:bn bos:bs bul:bg bur:my mya:my cat:ca"
        " chi:zh zho:zh ces:cs cze:cs cym:cy wel:cy dan:da deu:de ger:de dut:nl nld:nl ell:el gre:el eng:en epo:eo est:et fao:fo"
        " fas:fa per:fa fin:fi fra:fr fre:fr fry:fy geo:ka kat:ka gle:ga glg:gl guj:gu hau:ha heb:he hin:hi hrv:hr hun:hu ibo:ig"
        " ice:is isl:is ind:id ita:it jpn:ja kan:kn kaz:kk khm:km kin:rw kor:ko kur:ku lao:lo lat:la lav:lv lit:lt ltz:lb mac:mk"
        " mkd:mk mal:ml mar:mr may:ms msa:ms mlg:mg mlt:mt mon:mn nep:ne nno:nn nob:nb nor:no ori:or pan:pa pol:pl por:pt pus:ps"
        " ron:ro rum:ro rus:ru sin:si slk:sk slo:sk slv:sl sna:sn som:so spa:es srp:sr sun:su swa:sw swe:sv tam:ta tel:te tgk:tg"
        " tgl:tl tha:th tir:ti tuk:tk tur:tr ukr:uk urd:ur uzb:uz vie:vi xho:xh yid:yi yor:yo zul:zu iw:he in:id ji:yi jw:jv mo:ro"
    ).split()
)
# Names of Wikipedias that lid.176 answers with and that are no language subtags, or those of another language.
DIALECTS = {"als": "gsw", "bh": "bho", "eml": "egl"}


@lru_cache(maxsize=1024)
def _tag(declared: str) -> str | None:
    found = _FORM.fullmatch(declared.strip().replace("_", "-").lower())
    if found is None:
        return None
    language = _SHORTEST.get(found["language"], found["language"])
    script, region = found["script"], found["region"]
    parts = (language, found["extlang"], script and script.capitalize(), region and region.upper())
    return "-".join(part for part in parts if part) + found["rest"]


def tag(declared: str | None) -> str | None:
    """The tag as BCP 47 writes it (`nl_be`: `nl-BE`, `eng`: `en`), None when it is none, such as `English`."""
    return _tag(declared) if declared and len(declared) <= _LONGEST else None


def primary(tag: str) -> str:
    """Its language subtag."""
    return tag.partition("-")[0]
