"""What of a replication stream goes into the log, and how (collect C46). Pure up to the gate.

A change is mapped and judged as a webhook's delivery is; what cannot be used is held with its
position, never a reason to stop. A truncate concerns nobody in particular, so it is a record of its
own that no profile sees.
"""

from __future__ import annotations

import msgspec

from journeyfold.collect.admit import Gate, judge_delivery
from journeyfold.collect.arrival import Arrival
from journeyfold.collect.changes import Broken, Changed, Committed, Finding, Reshaped, Truncated
from journeyfold.collect.json_entry import Refused
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
    # What has no limits of ours on the other side must not stand in the way of what follows.
    cut: Json = {name: change[name] for name in _CUT}
    held = _held(gate, position, judged, cut)
    return msgspec.structs.replace(held, received_us=received_us)


def _held(gate: Gate, position: str, why: Refused, change: Json) -> Held:
    raw = msgspec.json.encode(change)
    if len(raw) > gate.terms.event_bytes:
        kept = change if isinstance(change, dict) else {}
        raw = msgspec.json.encode({name: kept[name] for name in _SMALL if name in kept})
    return Held(
        gate.source.source, raw, why.code, why.pointer, 0, why.detail, position, auth="stream"
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
