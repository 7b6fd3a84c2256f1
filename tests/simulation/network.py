"""The network, and sites with feeds at its other end, which change, move, fail and dawdle; it stands for `sources.feed.Client`.

It keeps the books that `feeds.oracle` judges by, and notes who is impolite.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from feeds.feed import Feed, Plan

from worker.model import Fault, FaultKind, Validators
from worker.sources.feed import Answer

TOTAL_SECONDS = 30.0
_FAULTS = {
    FaultKind.CONNECT: None,
    FaultKind.DNS: None,
    FaultKind.PROTOCOL: None,
    FaultKind.STATUS: 500,
    FaultKind.THROTTLED: 503,
}


@dataclass(eq=False)
class Asking:
    """A request that is under way. `hit`: its process was killed, frozen or cut off in it."""

    process: object
    site: str
    source: str
    hit: bool = False


@dataclass(eq=False)
class Place:
    """A feed, and what its server does just now."""

    feed: Feed
    path: str
    gone: bool = False
    served: list[str] = field(
        default_factory=list
    )  # the documents' digests, in the order in which they were sent first

    @property
    def url(self):
        return f"http://{self.feed.plan.address}/{self.path}"


class Network:
    """See above. `ill`: how likely a request meets a fault. `rude`: what was asked that should not have been.

    `meddle`: called, as likely, while an answer is on its way, which then takes long. `anothers`: whether a site has long
    been another's to ask; `paused`: whether a source is, as who asks has to know.
    """

    def __init__(self, loop, chosen, trace, plans: list[Plan]):
        self._loop, self._chosen, self._trace = loop, chosen, trace
        self.places = {plan.name: Place(Feed(plan, 80), plan.name) for plan in plans}
        self.ledger: list[dict] = []
        self.under_way: list[Asking] = []
        self.ill = 0.0
        self.rude: list[str] = []
        self.asked = 0
        self.meddle: Callable[[Place], None] = lambda _place: None
        self.anothers: Callable[[object, str], bool] = lambda _process, _site: False
        self.paused: Callable[[object, str], bool] = lambda _process, _source: False
        self.last_asked: dict[str, float] = {}  # by the loop's clock
        self._showing: dict[str, object] = {}

    def client(self, process):
        return _Client(self, process)

    def hit(self, process):
        """What it has under way is its own no more; of who is dead nothing is."""
        for asking in self.under_way:
            asking.hit |= asking.process is process
        if process.dead:
            self.under_way = [asking for asking in self.under_way if asking.process is not process]

    async def fetch(self, request, process):
        source = request.url.rsplit("/", 1)[1].split("~")[0]
        place = self.places[source]
        asking = self._begin(place, process)
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._fetched(request, place)
        except TimeoutError:
            self._trace.fault("fetch: timeout", source=source)
            return Fault(FaultKind.TIMEOUT, "too slow")
        finally:
            if asking in self.under_way:
                self.under_way.remove(asking)

    def _begin(self, place, process):
        asking = Asking(process, place.feed.plan.address, place.feed.plan.name, hit=process.stranger)
        self.asked += 1
        self.last_asked[asking.source] = self._loop.time()
        if self.paused(process, asking.source):
            self.rude.append(f"{process.name} asks {asking.source}, which is paused")
        self._trace.say("asked", source=asking.source)
        if self.anothers(process, asking.site):
            self.rude.append(f"{process.name} asks {asking.source}, which has long been another's")
        for other in self.under_way:
            if other.site == asking.site and not (other.hit or asking.hit):
                self.rude.append(
                    f"{process.name} asks {asking.source} while {other.process.name} asks {other.source} of that site"
                )
        self.under_way.append(asking)
        return asking

    async def _fetched(self, request, place):
        await self._dawdle()
        if self._chosen.random() < self.ill:
            return self._fault(place)
        if place.gone:
            return Fault(FaultKind.GONE, "gone", 410)
        asked, url = request.moved or request.url, request.moved or request.url
        if place.path != asked.rsplit("/", 1)[1]:
            url = place.url  # it has moved for good
        given = request.validators if request.validators and request.validators.url == url else None
        answer = place.feed.answer(given and given.etag, given and given.modified)
        self._note(place, answer)
        if answer.status == 304:
            validators, body = given, None
        else:
            validators, body = _validators(url, answer.headers), answer.document.body
        if self._chosen.random() < self.ill:
            self.meddle(place)
            await asyncio.sleep(self._chosen.uniform(5, 20))
        await self._dawdle()
        if self._chosen.random() < self.ill:
            return self._fault(place)
        return Answer(answer.status, url, body, validators, answer.document.type, url if url != asked else None)

    def _note(self, place, answer):
        """As `feeds.server` keeps its book."""
        name, document = place.feed.plan.name, answer.document
        if answer.proven:
            self.ledger.append({"proven": name})
            self._trace.say("proven", source=name)
        elif self._showing.get(name) is not document:
            self._showing[name] = document
            self.ledger.append({"shown": name, "states": document.states})
            place.served.append(document.etag)
            self._trace.say("shown", source=name, document=document.etag)

    async def _dawdle(self):
        slow = self._chosen.random() < self.ill
        await asyncio.sleep(self._chosen.uniform(1, 40) if slow else self._chosen.uniform(0.02, 1))

    def _fault(self, place):
        kind = self._chosen.choice(list(_FAULTS))
        self._trace.fault(f"fetch: {kind.value}", source=place.feed.plan.name)
        wait = self._chosen.choice([None, 120.0, 3600.0]) if kind is FaultKind.THROTTLED else None
        return Fault(kind, "as the seed has it", _FAULTS[kind], wait)


def _validators(url, headers):
    found = Validators(url, headers.get("ETag"), headers.get("Last-Modified"))
    return found if found.etag or found.modified else None


class _Client:
    """See `sources.feed.Client`."""

    def __init__(self, network, process):
        self._network, self._process = network, process

    async def fetch(self, request, room):
        return await self._network.fetch(request, self._process)
