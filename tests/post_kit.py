"""A house whose messages were sent, with the pages and hooks that people and providers answer to."""

import asyncio

from house import KEY, House

from journeyfold.activate.tracking import TokenKey
from journeyfold.core.event import Event, Identifier
from journeyfold.project.compile import OWN_SOURCE
from journeyfold.project.sent import sent_in, sent_of

ANN = Identifier("user_id", "ann")
MESSAGE = "6a1c0c1e-0000-5000-8000-000000000001"
TARGET = "https://shop.example/cart?a=1&b=2"


class Post(House):
    """`api.post.PostRoom` over memory stores: what is appended is folded at once."""

    key = TokenKey(KEY)

    def __init__(self, project):
        self.project = project
        super().__init__(project)
        self.track(
            "Identify", type_="identify", user="ann",
            traits={"email": "ann@example.com", "country": "DE"},
        )  # fmt: skip
        self.consent(marketing_email="granted", marketing="granted", analytics="granted")

    def consent(self, **purposes):
        self.now_us += 1_000_000
        self.track("Consent Updated", {"purposes": purposes}, user="ann")

    def sent(self, message=MESSAGE, what="sent", **more):
        told = {
            "message": message, "journey": "cart", "version": "v1", "instance": "i1",
            "step": "mail", "channel": "email", "template": "cart", "purpose": "marketing",
            "address": "a" * 16, "links": [TARGET], **more,
        }  # fmt: skip
        self.append(
            Event(
                f"{message}/{what}", f"message.{what}", "track", OWN_SOURCE, (ANN,), self.now_us,
                self.now_us, told, context={"auth": "system"},
            )
        )  # fmt: skip
        self.now_us += 10_000_000

    def find(self, effect):
        with self.state.read() as reader:
            found = sent_of(reader, effect)
        record = self.log.find(OWN_SOURCE, f"{effect}/sent")
        return found or (sent_in(record.event) if record else None)

    def granted(self, _sent, purposes):
        ann = self.person("user_id", "ann")
        return {each: self.engine.compiled.consents(ann, each) for each in purposes}

    async def take(self, records):
        for event, kind in records:
            self.append(event, kind)

    def marks(self, message=MESSAGE):
        return set(self.find(message).marks)

    def records(self, name):
        return [each for each in self.log.read(-1, 10_000) if each.event.name == name]


class Clocked:
    """`now_us` of a house is a number; a post room is asked for it."""

    def __init__(self, post):
        self._post = post

    def __getattr__(self, name):
        return getattr(self._post, name)

    def now_us(self):
        return self._post.now_us

    async def append(self, records, *, folded=False):
        await self._post.take(list(records))


def ask(app, path, method="GET", body=b"", **headers):
    """(status, headers, body) of one request."""
    sent, taken = [], [False]
    named = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": b"", "client": ("127.0.0.1", 1), "scheme": "https",
        "headers": [(name.encode(), value.encode()) for name, value in named.items() if value],
    }  # fmt: skip

    async def receive():
        assert not taken[0], "one body"
        taken[0] = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start, content = sent
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], told, content["body"]
