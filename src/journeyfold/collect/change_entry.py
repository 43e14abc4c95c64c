"""What of a replication stream goes into the log, and how (collect C46). Pure up to the gate.

A change is mapped and judged as a webhook's delivery is; what cannot be used is held whole with its
position, to be judged again once the mapping or a limit is mended, and is never a reason to stop.
Only what a right refuses is gone: nothing of it may be kept. A truncate concerns nobody in particular, so it is a record of its
own that no profile sees.
"""

from __future__ import annotations

import msgspec

from journeyfold.collect.admit import Gate, judge_delivery
from journeyfold.collect.arrival import Arrival
from journeyfold.collect.changes import Broken, Changed, Committed, Finding, Reshaped, Truncated
from journeyfold.collect.json_entry import Refused
from journeyfold.collect.limits import held_bytes
from journeyfold.core.event import Event, Json
from journeyfold.core.ports import Entry, Held

TRUNCATED = "table.truncated"
_PRIVATE = frozenset({"consent", "suppressed", "erased"})
"""Refused by a right: nothing of it may be kept, in quarantine neither."""
_SMALL = ("op", "schema", "table", "at", "position")
_CUT = (*_SMALL, "key")


def entry_of(gate: Gate, finding: Finding, received_us: int) -> Entry | Held | Refused | None:
    """None for what is filtered on purpose and for the end of a transaction."""
    match finding:
        case Changed(change=change):
            return changed(gate, change, received_us)
        case Broken():
            held = _held(gate, finding.position, finding.why, finding.change)
        case Reshaped():
            told: Json = {
                "table": finding.table, "before": dict(finding.before), "after": dict(finding.after),
            }  # fmt: skip
            why = Refused("schema_changed", "", f"{finding.table}: {finding.detail}")
            held = _held(gate, finding.position, why, told)
        case Truncated():
            return _truncated(gate, finding, received_us)
        case Committed():
            return None
    return msgspec.structs.replace(held, received_us=received_us)


def changed(gate: Gate, change: dict[str, Json], received_us: int) -> Entry | Held | Refused | None:
    """A row's change as an event, by the source's mapping."""
    position = str(change["position"])
    judged = judge_delivery(gate, change, Arrival(received_us, "stream"), position)
    if not isinstance(judged, Refused):
        return judged
    if judged.code == "filtered":
        return None
    if judged.code in _PRIVATE:
        return judged
    held = _held(gate, position, judged, change)
    return msgspec.structs.replace(held, received_us=received_us)


def _held(gate: Gate, position: str, why: Refused, change: Json) -> Held:
    raw, detail = msgspec.json.encode(change), why.detail
    room = held_bytes(gate.terms.event_bytes)
    for names in (_CUT, _SMALL):
        if len(raw) <= room:
            break
        kept = change if isinstance(change, dict) else {}
        raw = msgspec.json.encode({name: kept[name] for name in names if name in kept})
        detail = f"{why.detail}; above {room} bytes, so its place alone is held"
    return Held(
        gate.source.source, raw, why.code, why.pointer, 0, detail, position, auth="stream"
    )  # fmt: skip


def _truncated(gate: Gate, finding: Truncated, received_us: int) -> Entry:
    event = Event(
        id=finding.position, name=TRUNCATED, type="output", source=gate.source.source,
        identifiers=(), occurred_us=finding.at_us, received_us=received_us,
        properties={
            "table": finding.table, "cascade": finding.cascade,
            "restart_identity": finding.restart_identity,
        },
        context={"auth": "stream"},
    )  # fmt: skip
    return Entry(event=event, kind="output")
