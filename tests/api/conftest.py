"""The API over memory adapters: a log, keys, a sample desk and a shop to decide for."""

import asyncio
from types import SimpleNamespace

import msgspec
import pytest

from journeyfold.adapters.memory import MemoryLog
from journeyfold.api.app import Api
from journeyfold.api.hub import Hub
from journeyfold.api.operations import SERVER_SCOPES
from journeyfold.api.ports import Services
from journeyfold.collect.door import Door
from journeyfold.collect.keys import MemoryKeys
from journeyfold.core.errors import Busy, EngineError
from journeyfold.core.event import Identifier
from journeyfold.core.keys import ApiKey, hashed, new_key
from journeyfold.core.ports import Entry
from journeyfold.core.profile import Profile
from journeyfold.decide.catalogue import Catalogue
from journeyfold.decide.definition import Offer, Placement
from journeyfold.decide.reservations import Reservations
from journeyfold.identity.explain import Why
from journeyfold.identity.normalise import node_of, person_id
from journeyfold.journey.definition import Journey
from journeyfold.testing.desk import NOW_US, SampleDesk, StillClock
from journeyfold.testing.outbox import SampleOutbox

NODE_KEY = b"n" * 32
RECEIPT_KEY = b"r" * 32

OFFERS = [
    {
        "offer": "ten-percent",
        "category": "discount",
        "eligibility": "x",
        "variants": [
            {"id": "plain", "content": {"title": "10 % for you"}},
            {
                "id": "warm",
                "content": {"title": "{{ traits.first_name | default: 'Hello' }}, 10 %"},
            },
        ],
    },
    {
        "offer": "shoes",
        "category": "hero",
        "variants": [{"id": "v", "content": {"title": "Shoes"}}],
    },
    {"offer": "welcome", "variants": [{"id": "v", "content": {"title": "Welcome"}}]},
]
PLACEMENTS = [
    {
        "placement": "home-hero",
        "selector": "#hero",
        "offers": {"categories": ["discount", "hero"], "ids": ["ten-percent", "shoes"]},
        "rank": {"policy": "fixed"},
        "default": {"offer": "welcome"},
    },
    {
        "placement": "cart",
        "offers": {"ids": ["shoes"]},
        "rank": {"policy": "fixed"},
        "context": {"cart_value": "float"},
    },
]


STEPS = [{"id": "done", "exit": "completed"}]
JOURNEY = msgspec.convert({"journey": "vip", "entry": [{"api": True}], "steps": STEPS}, Journey)
NO_ENTRY = msgspec.convert({"journey": "cart", "entry": [{"event": "x"}], "steps": STEPS}, Journey)


class Standing:
    """One person on one snapshot; `refused` purposes and `failing` conditions as a test likes."""

    def __init__(self, decisions, person, profile, unit):
        self._decisions = decisions
        self.person, self.profile, self.unit = person, profile, unit
        self.profile_offset = decisions.offset

    def consents(self, purpose):
        return purpose not in self._decisions.refused

    def plain_values(self):
        traits = self._decisions.traits if self.profile is not None else {}
        return {"traits": traits, "features": {}}

    def holds(self, condition):
        return condition not in self._decisions.failing

    def because(self, condition):
        return f"leaf of {condition}", 17

    def anonymous(self):
        return Standing(self._decisions, "", None, "")


class ShopDecisions:
    def __init__(self):
        self.offset = 7
        self.refused, self.failing, self.traits = set(), set(), {}
        self.profiles = {}
        self.is_readable = True
        self.contexts, self.sources = [], []
        self.book = Catalogue(
            [msgspec.convert(each, Offer) for each in OFFERS],
            [msgspec.convert(each, Placement) for each in PLACEMENTS],
            templates={},
            version="c3f1a0b9d2",
        )

    def catalogue(self):
        return self.book

    def situate(self, subject, context, now_us, source):
        if not self.is_readable:
            raise EngineError("the state cannot be read")
        self.contexts.append((dict(context), now_us))
        self.sources.append(source)
        unit = person_id(node_of(subject[0], NODE_KEY))
        profile = self.profiles.get(unit)
        return Standing(self, unit if profile else "", profile, unit)


class Kit:
    """`call` makes one request; what it changed is in `log`, `decisions` and `counts`."""

    def __init__(self):
        self.clock = StillClock(NOW_US)
        self.log = MemoryLog()
        self.decisions = ShopDecisions()
        self.counts, self.audit, self.waits = [], [], []
        self.is_full, self.folded = False, 10**9
        self.texts, keys = {}, []
        for name, kind, scopes in (
            ("pub", "pub", ("collect",)),
            ("srv", "srv", SERVER_SCOPES),
            ("narrow", "srv", ("decide",)),
            ("walled", "pub", ("collect",)),
            ("adm", "adm", ("admin",)),
        ):
            made = new_key(kind, "dev", name.encode() * 16, name.encode() * 32)
            self.texts[name] = str(made)
            origins = ("https://shop.example",) if name == "walled" else ()
            keys.append(
                ApiKey(made.id, kind, "web", "dev", hashed(made.secret), scopes, 0, origins=origins)
            )
        self.outbox = SampleOutbox()
        ids = iter(range(10**6))
        door = Door(
            now_us=self.clock.now_us,
            monotonic_s=lambda: 0.0,
            keys=MemoryKeys(keys),
            gates=dict,
            append=self._append,
            fresh_id=lambda: f"fresh-{next(ids)}",
            count=lambda source, fate, n: self.counts.append((source, fate, n)),
            reject=lambda source, n: None,
            audit=lambda act, where: self.audit.append(act),
        )
        self.services = Services(
            door=door,
            desk=SampleDesk(people=12),
            log=self.log,
            decisions=self.decisions,
            entry_of=self._entry,
            receipt_key=RECEIPT_KEY,
            wait_folded=self._wait,
            node_of=lambda one: node_of(one, NODE_KEY) if one.value.strip() else None,
            why=lambda a, b: Why(same=a == b, note="" if a == b else "no evidence"),
            purposes=lambda: frozenset({"analytics", "personalization"}),
            hub=Hub(),
            reservations=Reservations(),
            outbox=self.outbox,
            journeys=lambda: {"vip": JOURNEY, "cart": NO_ENTRY},
        )
        self.api = Api(self.services)

    def call(self, method, path, body=None, *, key="srv", headers=None, raw=None):
        sent = {"authorization": f"Bearer {self.texts.get(key, key)}"} if key else {}
        if body is not None or raw is not None:
            sent["content-type"] = "application/json"
        raw = msgspec.json.encode(body) if raw is None and body is not None else raw or b""
        sent |= headers or {}
        return asyncio.run(request(self.api, method, path, raw, sent))

    def decide(self, body=None, **keys):
        asked = {"subject": {"anonymous_id": "a9"}, "placements": [{"id": "home-hero"}]}
        return self.call("POST", "/v1/decide", asked | (body or {}), **keys)

    def know(self, anonymous_id="a9", **keys):
        """Give the visitor a profile."""
        person = person_id(node_of(Identifier("anonymous_id", anonymous_id), NODE_KEY))
        profile = Profile(person, **keys)
        self.decisions.profiles[person] = profile
        return profile

    def held(self):
        return self.log.quarantine.rows()

    async def _append(self, items, rejected):
        if self.is_full:
            raise Busy("the queue is full", retry_after_s=3)
        return self.log.append(items, now_us=self.clock.at_us, rejected=rejected)

    async def _wait(self, offset, seconds):
        self.waits.append((offset, seconds))
        return offset <= self.folded

    def _entry(self, event, kind, fingerprint, key_id):
        nodes = tuple(node_of(one, NODE_KEY) for one in event.identifiers)
        return Entry(event, kind, fingerprint, nodes, key_id)


async def request(app, method, path, raw, headers, until=None):
    """One ASGI request; `until` stops a stream once it has said so much."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 5),
        "scheme": "http",
    }
    sent, left = [], asyncio.Event()
    messages = [{"type": "http.request", "body": raw, "more_body": False}]

    async def receive():
        if messages:
            return messages.pop(0)
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)
        body = b"".join(each.get("body", b"") for each in sent)
        if until is not None and until in body:
            left.set()

    await asyncio.wait_for(app(scope, receive, send), 5)
    body = b"".join(each.get("body", b"") for each in sent)
    head = {k.decode(): v.decode() for k, v in sent[0]["headers"]}
    is_json = head.get("content-type") == "application/json"
    json = msgspec.json.decode(body) if is_json else None
    return SimpleNamespace(status=sent[0]["status"], headers=head, body=body, json=json)


@pytest.fixture
def kit():
    return Kit()


@pytest.fixture
def stream():
    """Reads a stream until it has said something."""
    return request
