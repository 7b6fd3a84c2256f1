"""What the sources of the samples showed: first, then. The last state is shown again when a sample is gone on with."""

from worker.model import Fault, FaultKind

GONE = Fault(FaultKind.STATUS, "the answer was 404, so there is nothing at this address (any more)", 404)
UNCONFIGURED = Fault(FaultKind.UNCONFIGURED, "never asked for: there are no secrets here")


def rss(*items):
    entries = "".join(
        f"<item><guid isPermaLink='false'>{guid}</guid><link>https://ferry.example/{guid}</link><title>{title}</title>"
        f"<pubDate>Tue, 10 Jan 2023 10:00:00 GMT</pubDate><description>{text}</description></item>"
        for guid, title, text in items
    )
    return f"<rss version='2.0'><channel><title>Ferry notes</title><ttl>60</ttl>{entries}</channel></rss>".encode()


def atom(entries, deleted=()):
    shown = "".join(
        f"<entry><id>{name}</id><title>{title}</title><updated>2023-01-11T10:00:00Z</updated><summary>{text}</summary></entry>"
        for name, title, text in entries
    )
    gone = "".join(f"<at:deleted-entry ref='{name}' when='2023-01-12T10:00:00Z'/>" for name in deleted)
    return (
        "<feed xmlns='http://www.w3.org/2005/Atom' xmlns:at='http://purl.org/atompub/tombstones/1.0'><id>urn:x:tide</id>"
        f"<title>Tide tables</title><updated>2023-01-12T10:00:00Z</updated>{shown}{gone}</feed>"
    ).encode()


QUAY = ("f1", "The quay is closed", "A crane stands in the way until Friday.")
QUAY_AGAIN = ("f1", "The quay is open", "The crane has gone a day early.")
DOG = ("f2", "A dog took the ferry", "It got off at the right stop.")
FOG = ("f3", "Fog, so no ferry", "The horn was heard all morning.")
EMPTY = ("f4", "", "")
HIGH = ("urn:x:high", "High water", "The street by the harbour is wet.")
LOW = ("urn:x:low", "Low water", "The mud shows an old anchor.")
BEFORE = ("n1", "What was there before", "It was passed over, as the source is set.")

FIRST = {
    "ferry": rss(QUAY, DOG, EMPTY),
    "tide": atom([HIGH, LOW]),
    "new": rss(BEFORE),
    "lost": GONE,
    "locked": UNCONFIGURED,
}
LAST = FIRST | {"ferry": rss(FOG, QUAY_AGAIN, DOG, EMPTY), "tide": atom([HIGH], ["urn:x:low"])}
NEXT = LAST | {"ferry": rss((*FOG[:2], "The horn was heard until noon."), QUAY_AGAIN, DOG, EMPTY)}
OPTIONS = {
    "ferry": {"title": "Ferry", "folder": ("Harbour", "Boats"), "interval_s": 900, "zone": "Europe/Berlin"},
    "tide": {"daily_updates": 3},
    "new": {"initial": "skip"},
    "lost": {"updates": "none"},
    "locked": {"headers": (("X-Key", "key"),), "credentials": "login", "ca_file": "/etc/locked.pem"},
}
