"""A small project with rules, for tests of quality: what is recorded, and what a run finds."""

import textwrap

from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import instant_us
from journeyfold.core.ports import Entry
from journeyfold.quality.result import Asked
from journeyfold.runtime.quality_run import run_rules
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

DAY = "2026-03-0{}T12:00:00Z"


def silent(_what, _done, _total):
    """Nobody watches."""


class Checked:
    """A shop with rules and some events."""

    def __init__(self, workspace):
        self.workspace, self.number = workspace, 0

    def rules(self, text, name="orders"):
        folder = self.workspace.place.directory / "quality"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.yaml").write_text(textwrap.dedent(text))
        activate(self.workspace, checked_project(self.workspace.place.directory))

    def file(self, name, text):
        path = self.workspace.place.directory / "tables" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def order(self, properties=None, day=1, source="shop_server", user="ann", **more):
        self.number += 1
        at_us = instant_us(DAY.format(day))
        event = Event(
            f"e{self.number}", more.pop("name", "Order Completed"), "track", source,
            (Identifier("user_id", user),), at_us, at_us + 60_000_000,
            properties=properties or {}, traits=more.pop("traits", {}), context={"auth": "server"},
        )  # fmt: skip
        log, clock = self.workspace.log, self.workspace.clock
        usable = (bytes([len(user)]) * 16,)
        log.append([Entry(event, "event", self.number, usable)], now_us=clock.now_us())

    def run(self, **asked):
        return run_rules(self.workspace, Asked(**asked), silent)

    def counts(self, rule, **asked):
        """(source, day) → (n, bad, status)."""
        return {
            (each.source, each.day): (each.n, each.bad, each.status)
            for each in self.run(**asked).found
            if each.rule == rule
        }

    def one(self, rule, **asked):
        (found,) = [each for each in self.run(**asked).found if each.rule == rule]
        return found


PROJECT = {
    "journeyfold.yaml": "name: shop\ntime_zone: Europe/Berlin\n",
    "sources/shop_server.yaml": "kind: server\nbasis: contract\npurposes: [analytics, personalization]\n",
    "sources/shop_web.yaml": "kind: browser\nbasis: contract\npurposes: [analytics]\n",
    "features.yaml": "features: {orders: {value: 'count(\"Order Completed\")'}}\n",
    "schemas/identify.1.json": """{"title": "Identify", "type": "object",
      "x-journeyfold": {"type": "identify", "version": 1, "purposes": ["analytics"]},
      "properties": {"email": {"type": "string"}, "postcode": {"type": "string"}}}""",
    "schemas/order.1.json": """{"title": "Order Completed", "type": "object",
      "x-journeyfold": {"type": "track", "version": 1, "purposes": ["analytics"]},
      "properties": {"order_id": {"type": "string"}, "total": {"type": "number"},
                     "currency": {"type": "string"}}}""",
}


ORDERS = """
    dataset: events/Order Completed
    key: [order_id]
    rules:
      - {id: total, completeness: total, min: 0.5}
      - {id: amount, range: {column: total, min: 0}}
      - {id: once, unique: [order_id]}
      - {id: big, completeness: currency, when: properties.total > 100.0}
      - {id: sane, check: event.received >= event.occurred - "5m"}
"""


def opened(directory):
    """The stores of the small project, written into an empty directory."""
    for path, text in PROJECT.items():
        (directory / path).parent.mkdir(exist_ok=True)
        (directory / path).write_text(text)
    place = place_of(directory, None)
    return Workspace(place, checked_project(place.directory))
