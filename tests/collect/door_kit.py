"""A door with memory behind it: what the tests of this folder send to, and see it answer."""

import asyncio
import json
import os
from pathlib import Path

import msgspec

from journeyfold.collect.admit import Verdict, gate_of
from journeyfold.collect.door import Door
from journeyfold.collect.http import Collector
from journeyfold.collect.keys import MemoryKeys
from journeyfold.core.errors import Busy
from journeyfold.core.instant import instant_us
from journeyfold.core.keys import ApiKey, hashed, new_key
from journeyfold.core.ports import Entry, Fate
from journeyfold.quality.registry import load_registry
from journeyfold.sources.inventory import Source

ROOT = Path(__file__).resolve().parents[2]
CONFORMANCE = Path(os.environ.get("JOURNEYFOLD_CONFORMANCE", ROOT.parent / "shared/conformance"))
NOW_US = instant_us("2026-11-22T03:00:00Z")
PUB = new_key("pub", "live", bytes(range(16)), bytes(range(32)))
SRV = new_key("srv", "live", bytes(range(1, 17)), bytes(range(1, 33)))
ORDER_SCHEMA = {
    "title": "Order Completed",
    "x-journeyfold": {"type": "track", "version": 1},
    "type": "object",
    "properties": {"order_id": {"type": "string"}, "total": {"type": "number", "minimum": 0}},
    "required": ["order_id"],
}


def stored(key, source, **changes):
    """The key as a store would have it."""
    values = {
        "id": key.id, "kind": key.kind, "source": source, "env": key.env,
        "secret_sha256": hashed(key.secret), "scopes": ("collect",), "created_us": 1,
    }  # fmt: skip
    return ApiKey(**(values | changes))


def nodes_of(event):
    """Stands for identity: every identifier is usable but the blocked word."""
    usable = [each for each in event.identifiers if each.value != "undefined"]
    return tuple(f"{each.kind}:{each.value}".encode()[:16].ljust(16) for each in usable), bool(
        usable
    )


def allow_all(event, nodes):
    return Verdict(event)


class Log:
    """An event log in a dict: append, duplicate, conflict; busy when told so."""

    def __init__(self):
        self.entries, self.held, self.seen, self.busy = [], [], {}, []
        self.rejected = 0

    async def append(self, items, rejected):
        if self.busy:
            raise self.busy.pop(0)
        self.rejected += sum(number for _, number in rejected)
        return [self._take(item) for item in items]

    def _take(self, item):
        if not isinstance(item, Entry):
            self.held.append(item)
            return Fate("quarantined", -1, item.code, item.pointer, item.detail)
        key = (item.event.source, item.event.id)
        if key not in self.seen:
            self.seen[key] = (item.fingerprint, len(self.entries))
            self.entries.append(item)
            return Fate("appended", len(self.entries) - 1)
        fingerprint, offset = self.seen[key]
        if fingerprint == item.fingerprint:
            return Fate("duplicate", offset)
        return Fate("quarantined", -1, "message_id_conflict")

    @property
    def events(self):
        return [entry.event for entry in self.entries]


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.decode(): value.decode() for name, value in headers}

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]


class Kit:
    """A project of a browser source `web`, a server source `shop` and whatever a test adds."""

    def __init__(
        self, *sources, schemas=(), protect=allow_all, now_us=NOW_US, mappings=None, **limits
    ):
        self.log, self.counts, self.audits, self.dropped = Log(), {}, [], []
        self.rejected_alone, self.now_us, self.seconds, self.ids = 0, now_us, 0.0, 0
        given = {source.source: source for source in sources}
        given.setdefault("web", Source(kind="browser", source="web", **limits))
        given.setdefault("shop", Source(kind="server", source="shop", keys=("WK",), **limits))
        registry = load_registry(
            {
                f"schemas/schema{index}.1.json": json.dumps(schema)
                for index, schema in enumerate(schemas)
            }
        )
        self.gates = {
            name: gate_of(
                source, registry, protect=protect, nodes_of=nodes_of,
                mapping=(mappings or {}).get(name),
            )
            for name, source in given.items()
        }  # fmt: skip
        self.gates = {
            name: msgspec.structs.replace(gate, dropped=self.dropped.append)
            for name, gate in self.gates.items()
        }
        self.keys = MemoryKeys([stored(PUB, "web"), stored(SRV, "shop")], given.values())
        self.door = Door(
            now_us=lambda: self.now_us, monotonic_s=lambda: self.seconds, keys=self.keys,
            gates=lambda: self.gates, append=self.log.append, fresh_id=self._fresh,
            count=self._count, reject=self._reject, audit=lambda act, _: self.audits.append(act),
        )  # fmt: skip
        self.collector = Collector(self.door)

    def _fresh(self):
        self.ids += 1
        return f"fresh-{self.ids}"

    def _count(self, source, result, number):
        self.counts[source, result] = self.counts.get((source, result), 0) + number

    def _reject(self, source, number):
        self.rejected_alone += number

    def send(
        self, method, path, body=b"", headers=None, *, key=PUB, pieces=0, client="203.0.113.9"
    ):
        """One request straight into the ASGI callable; `pieces` splits the body."""
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        sent = dict(headers or {})
        if key is not None:
            sent.setdefault("authorization", f"Bearer {key}")
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": query.encode(), "scheme": "http", "client": (client, 1),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
        }  # fmt: skip
        size = max(1, -(-len(body) // pieces)) if pieces else max(1, len(body))
        parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        out = []

        async def receive():
            part = parts.pop(0) if parts else b""
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message):
            out.append(message)

        asyncio.run(self.collector(scope, receive, send))
        return Reply(out[0]["status"], out[0]["headers"], out[1]["body"])

    def post(self, path, body, headers=None, **options):
        return self.send("POST", path, body, headers, **options)

    def track(self, message=None, headers=None, *, path="/v1/track", **fields):
        """A valid track message with the given fields changed."""
        base = {"event": "Seen", "userId": "u", "messageId": f"m{self.ids}"}
        self.ids += 1
        return self.post(path, base | fields if message is None else message, headers)


def busy(seconds=1):
    return Busy("the queue is full", seconds)


def assert_conserved(kit, received):
    """received = appended + duplicate + quarantined + rejected (collect C33)."""
    assert sum(kit.counts.values()) == received
