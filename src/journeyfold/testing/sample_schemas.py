"""The sample desk's schemas: two versions of an order, the first published, and a page."""

from __future__ import annotations

import msgspec

from journeyfold.core.event import Json
from journeyfold.project.load import load
from journeyfold.project.model import Project
from journeyfold.project.registry import publish_lock
from journeyfold.quality.lock import LOCK_FILE


def _schema(name: str, version: int, properties: dict[str, Json]) -> str:
    document: dict[str, Json] = {
        "title": name,
        "x-journeyfold": {"type": "track", "version": version, "owner": "web-team@example.com"},
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


_TOTAL: dict[str, Json] = {"type": "number", "minimum": 0}
_ORDER: dict[str, Json] = {"order_id": {"type": "string"}, "total": _TOTAL}
_FIRST = {
    "journeyfold.yaml": "name: sample\n",
    "schemas.yaml": "compatibility: BACKWARD_TRANSITIVE\n"
    'subjects: {"event:track/Order Completed": FULL_TRANSITIVE}\n',
    "schemas/order_completed.1.json": _schema("Order Completed", 1, _ORDER),
    "schemas/cart_updated.1.json": _schema("Cart Updated", 1, {"items": {"type": "integer"}}),
}


def sample_project() -> Project:
    """`order_completed.2` is in force and not published: it may not follow the first."""
    lock, _ = publish_lock(load(_FIRST))
    second = _schema("Order Completed", 2, {**_ORDER, "coupon": {"type": "string"}})
    return load({**_FIRST, LOCK_FILE: lock.text(), "schemas/order_completed.2.json": second})
