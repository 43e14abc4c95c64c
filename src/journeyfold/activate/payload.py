"""What stands in a parcel's body when nobody wrote a message: a template's JSON, or the usual body.

The usual body is the one Standard Webhooks recommends: `type` with full stops between its words,
`timestamp` of the fact, `data`. What a sync or a forward maps is worked out where it is typed
(`project.outward`); what a template says is rendered when it is sent (journeys E55). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from journeyfold.activate.destination import Parcel
from journeyfold.core.event import Json
from journeyfold.core.instant import rfc3339

CALLED = "journey.called"
_SEEN = frozenset({"id", "name", "occurred", "properties"})
_ROWS = {"upsert": "row.upserted", "remove": "row.removed"}
_BETWEEN = re.compile(r"[^A-Za-z0-9_]+")


def usual_body(kind: str, at_us: int, data: Mapping[str, Json]) -> dict[str, Json]:
    """`kind` is an event's name as its sender writes it: `Order Completed` → `order.completed`."""
    return {"type": type_of(kind), "timestamp": rfc3339(at_us), "data": dict(data)}


def enveloped(parcel: Parcel) -> dict[str, Json]:
    """A parcel for whoever speaks Standard Webhooks: what says its own `type`, and what a template
    wrote, goes as it is; anything else stands under `data`, and the type tells rows that come from
    rows that go.
    """
    if parcel.kind == "webhook" or "type" in parcel.body:
        return parcel.body
    named = parcel.body.get("event")
    kind = _ROWS.get(parcel.kind) or (named if isinstance(named, str) else "event")
    return usual_body(kind, parcel.at_us, parcel.body)


def type_of(name: str) -> str:
    """Words of letters, digits and underscores with full stops between them."""
    return _BETWEEN.sub(".", name).strip(".").lower() or "event"


def call_body(
    payload: Mapping[str, Json],
    templates: Mapping[str, str],
    values: Mapping[str, object],
    *,
    person: str,
    key: str,
    at_us: int,
) -> dict[str, Json]:
    """The body of a journey's `webhook` step: of its `payload:` template, else the usual one.

    `templates` by file name (`crm.liquid`); `values` are `traits`, `features` and what else the
    shell knows of the person now. Raises TemplateError.
    """
    from journeyfold.activate.json_template import rendered_json  # Liquid, for who renders
    from journeyfold.decide.template import TemplateError

    whence = {name: payload[name] for name in ("journey", "version", "instance", "step")}
    named, entry = payload.get("payload"), _entry_of(payload)
    if named is None:
        seen = {name: value for name, value in entry.items() if name in _SEEN}
        said: dict[str, Json] = {
            **whence, "person": person, "entry": seen, "vars": payload.get("vars"),
        }  # fmt: skip
        return usual_body(CALLED, at_us, said)
    source = templates.get(f"{named}.liquid") or templates.get(str(named))
    if source is None:
        raise TemplateError(f"there is no template '{named}' any more")
    known: dict[str, object] = {
        **values, "entry": entry, "vars": payload.get("vars"), "journey": whence,
        "person": person, "id": key, "timestamp": rfc3339(at_us),
    }  # fmt: skip
    try:
        return rendered_json(source, known, at_us)
    except TemplateError as error:
        raise TemplateError(f"templates/{named}.liquid: {error}") from error


def _entry_of(payload: Mapping[str, Json]) -> dict[str, Json]:
    """The event that began it; its instant as others read instants."""
    entry = payload.get("entry")
    if not isinstance(entry, dict):
        return {}
    occurred = entry.get("occurred")
    return {**entry, "occurred": rfc3339(occurred)} if isinstance(occurred, int) else entry
