"""Links: a key by which two of them are compared, and the URI that is published.

The key is part of articleId, so its rule is our own and frozen (`schemas/vectors/links.json`): no library's canonicaliser, no
list that others keep. One more tracker in the table would give articles new ids.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from worker.core.normalise.text import encodable

# Names that only their vendor uses, for who clicked where: no page shows anything else by them. Left out on purpose are names that
# some site somewhere gives its pages by: ref, source, src, from, via, share, cid, sid, icid, ocid, ncid, cmp, smid, mbid, s_cid,
# spm, trk, campaign, ito, rss, and gaa_…, which opens a page to its bearer.
_TRACKERS = frozenset(
    "fbclid fb_action_ids fb_action_types fb_ref fb_source mibextid igsh igshid gclid gclsrc gbraid wbraid dclid"
    " gad_source gad_campaignid srsltid _ga _gl msclkid twclid __twitter_impression ttclid li_fat_id epik sccid"
    " rdt_cid yclid ysclid ymclid _openstat tblci dicbo irclickid cjevent ef_id s_kwcid _branch_match_id _kx mc_cid"
    " mc_eid mkt_tok _hsenc _hsmi __hstc __hssc __hsfp hsctatracking hss_channel elqtrackid oly_anon_id oly_enc_id"
    " vero_id vero_conv dm_i ml_subscriber ml_subscriber_hash wt_mc wt_zmc wt.mc_id xtor cmpid ns_campaign ns_fee"
    " ns_linkname ns_mchannel ns_source pk_campaign pk_cid pk_content pk_keyword pk_kwd pk_medium pk_source"
    " piwik_campaign piwik_keyword piwik_kwd".split()
)
_TRACKER_PREFIXES = ("utm_", "at_", "mtm_", "hsa_")
# Most links are already as `valid_uri` would make them.
_ORDINARY = re.compile(
    r"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]+)?(?:/[A-Za-z0-9._~/-]*)?(?:\?[A-Za-z0-9._~=&-]*)?"
)
_ALIASES = frozenset(("www", "m", "mobile", "amp"))
_DEFAULT_PORTS = {"http": "80", "https": "443"}
# Links that run instead of leading somewhere.
_ACTIVE = frozenset(("javascript", "data", "vbscript"))
_LONGEST_HOST = 255

# RFC 3986, appendix B; a scheme of one letter is a Windows drive.
_LINK = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?"
)
_AUTHORITY = re.compile(r"(?:.*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@]*)(?::(?P<port>[0-9]*))?")
_COMPARED_HOST = re.compile(r"\[[^\]]*\]|[^/?#:]*")
_USERINFO = re.compile(r"^((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)[^/?#]*@")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_WHITE = re.compile("[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_ENCODED = re.compile("%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# What may not stand in a path, query or fragment; a `%` may only before two hex digits.
_REFUSED = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9._~:/?@!$&'()*+,;=%-]")


def comparison_keys(links: Sequence[str]) -> list[str | None]:
    """The forms in which links that stand side by side are compared; None where one isn't http(s).

    Scheme, userinfo, default port, one leading label www, m, mobile or amp, trailing slash, a last segment `amp` and known
    trackers are out; percent-encoding as in RFC 3986 section 6.2.2; the query sorted by name. A fragment stays only where
    it is a `#!` route, or links differ in nothing else.
    """
    compared = [_compared(link) for link in links]
    fragments: dict[str, set[str]] = {}
    for one in compared:
        if one is not None:
            fragments.setdefault(one[0], set()).add(one[1])
    return [None if one is None else _joined(*one, keep=len(fragments[one[0]]) > 1) for one in compared]


def is_home(key: str) -> bool:
    """Whether a comparison key is a site's front page, which identifies no article."""
    return not any(mark in key for mark in "/?#")


def host_of(url: str) -> str | None:
    """The host of an http(s) URL, in lower case and IDNA, without a port; None where it is no such URL."""
    found = _LINK.fullmatch(url)
    if found is None or found["authority"] is None or found["scheme"].lower() not in _DEFAULT_PORTS:
        return None
    authority = _AUTHORITY.fullmatch(found["authority"])
    return _written_host(authority["host"]).lower().rstrip(".") or None if authority else None


def compared_host_of(key: str) -> str:
    """The host in a comparison key, without a port."""
    found = _COMPARED_HOST.match(key)
    return found[0] if found else ""


def valid_uri(link: str) -> str | None:
    """The link as an absolute URI (RFC 3986), without userinfo, what may not stand in one percent-encoded; None if it can't be.

    What runs code (javascript, data) is refused. A host in another script is written in IDNA.
    """
    if _ORDINARY.fullmatch(link):
        return link
    found = _LINK.fullmatch(_CONTROLS.sub("", encodable(link.strip())))
    if found is None or found["scheme"].lower() in _ACTIVE:
        return None
    place = ""
    if found["authority"] is not None:
        authority = _AUTHORITY.fullmatch(found["authority"])
        if authority is None or (not authority["host"] and found["scheme"].lower() in _DEFAULT_PORTS):
            return None
        place = f"//{_written_host(authority['host'])}" + (f":{authority['port']}" if authority["port"] else "")
    elif not found["path"] or found["scheme"].lower() in _DEFAULT_PORTS:
        return None
    query = "" if found["query"] is None else f"?{_encode(found['query'])}"
    fragment = "" if found["fragment"] is None else f"#{_encode(found['fragment'])}"
    return f"{found['scheme']}:{place}{_encode(found['path'])}{query}{fragment}"


def without_secrets(url: str) -> str:
    """The URL, or whatever stands for one, without userinfo."""
    return _USERINFO.sub(r"\1", url) if "@" in url else url


def _compared(link: str) -> tuple[str, str] | None:
    """The key without its fragment, and the fragment."""
    found = _LINK.fullmatch(_WHITE.sub("", encodable(link)))
    if found is None or found["authority"] is None or found["scheme"].lower() not in _DEFAULT_PORTS:
        return None
    authority = _AUTHORITY.fullmatch(found["authority"])
    host = _compared_host(authority["host"]) if authority else ""
    if not authority or not host:
        return None
    port = (authority["port"] or "").lstrip("0")
    if port and port != _DEFAULT_PORTS[found["scheme"].lower()]:
        host = f"{host}:{port}"
    query = _compared_query(found["query"] or "")
    return host + _compared_path(found["path"]) + (f"?{query}" if query else ""), _normal(found["fragment"] or "")


def _joined(key: str, fragment: str, *, keep: bool) -> str:
    return f"{key}#{fragment}" if fragment and (keep or fragment.startswith("!")) else key


def _compared_host(host: str) -> str:
    labels = _written_host(host).lower().rstrip(".").split(".")
    if labels[0] in _ALIASES and len(labels) > 2:  # noqa: PLR2004 (two must remain: www.com is a name)
        del labels[0]
    return ".".join(labels)


def _written_host(host: str) -> str:
    """As it stands in a URI; an address literal keeps its brackets."""
    return host if host.startswith("[") else _encode(_ascii_host(host))


def _ascii_host(host: str) -> str:
    """In IDNA 2003, whose tables are frozen; as it is where that has no form for it."""
    if host.isascii() or len(host) > _LONGEST_HOST:
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _compared_path(path: str) -> str:
    kept: list[str] = []
    for segment in _normal(path).split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    joined = "/".join(kept).rstrip("/")
    joined = "" if joined == "amp" else joined.removesuffix("/amp").rstrip("/")
    return f"/{joined}" if joined else ""


def _compared_query(query: str) -> str:
    named = [(part.partition("=")[0], part) for part in _normal(query).split("&") if part]
    kept = [(name, part) for name, part in named if not _tracks(name.lower())]
    return "&".join(part for _, part in sorted(kept, key=lambda pair: pair[0]))


def _tracks(name: str) -> bool:
    return name in _TRACKERS or name.startswith(_TRACKER_PREFIXES)


def _normal(part: str) -> str:
    """Percent-encoded where it must be, nowhere else, in capitals."""
    encoded = _encode(part)
    return _ENCODED.sub(_decoded, encoded) if "%" in encoded else encoded


def _decoded(found: re.Match[str]) -> str:
    character = chr(int(found[0][1:], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _encode(part: str) -> str:
    return _REFUSED.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), part)
