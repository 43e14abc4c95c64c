"""A person's records as sentences: what they did, what was shown, how their identity grew."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from journeyfold.console.wording import Dates, in_short, short_person, shown
from journeyfold.core.event import Json, Record

GROUPS: dict[str, tuple[str, ...]] = {
    "did": ("event",),
    "we": ("decision", "output"),
    "consent": ("consent",),
}
_ICONS = (
    ("order", "check"), ("checkout", "cart"), ("cart", "cart"), ("product", "eye"), ("page", "eye"),
    ("screen", "phone"), ("offer", "pick"), ("email", "mail"), ("consent", "lock"),
)  # fmt: skip


class Moment(msgspec.Struct, frozen=True):
    """One line: what happened, the rest of the sentence, and the record behind it."""

    at_us: int
    icon: str
    tone: str  # "" | out | merge | stop
    what: str
    more: str
    offset: int
    href: str = ""


class DayOf(msgspec.Struct, frozen=True):
    name: str
    moments: list[Moment]


def days(records: Iterable[Record], dates: Dates) -> list[DayOf]:
    """Newest first, by the day it happened in the reader's zone; the order of the log is kept."""
    found: list[DayOf] = []
    for record in records:
        moment = moment_of(record)
        name = dates.day(moment.at_us)
        if not found or found[-1].name != name:
            found.append(DayOf(name, []))
        found[-1].moments.append(moment)
    return found


def takes(record: Record, group: str) -> bool:
    """Whether a record is in a group of the filter; identity is told by its names."""
    if group == "identity":
        return record.event.name.startswith("person.") or record.event.type in ("identify", "alias")
    kinds = GROUPS.get(group)
    if kinds is None:
        return True
    named = record.event.name.startswith(("Offer ", "person."))
    return record.kind in kinds and (named == (group == "we") or record.kind == "decision")


def moment_of(record: Record) -> Moment:
    event, properties = record.event, record.event.properties
    at_us = event.occurred_us or record.appended_us
    match record.kind, event.name:
        case "output", "segment.entered" | "segment.left":
            verb = "Entered" if event.name.endswith("entered") else "Left"
            segment = shown(properties.get("segment"))
            return Moment(
                at_us, "segment", "", f"{verb} segment {segment}", _cause(properties),
                record.offset, f"/segments/{segment}",
            )  # fmt: skip
        case "output", "stage.changed":
            moved = f"{shown(properties.get('from'))} to {shown(properties.get('to'))}"
            return Moment(
                at_us, "flag", "out", f"Stage moved: {moved}", _cause(properties), record.offset
            )
        case "output", "person.merged" | "person.split" | "person.reanchored":
            other = short_person(shown(properties.get("source", properties.get("other"))))
            what = {
                "person.merged": "Two people became one",
                "person.split": "One person became two",
                "person.reanchored": "The person got another id",
            }[event.name]
            return Moment(at_us, "merge", "merge", what, f"{other} joined", record.offset)
        case "decision", _:
            return _decision(record, at_us)
        case "consent", _:
            return Moment(at_us, "lock", "", "Consent stated", _consents(properties), record.offset)
        case _:
            return Moment(
                at_us, _icon(event.name), "", _name(record), _source(record), record.offset
            )


def decided(record: Record) -> list[dict[str, Json]]:
    """The placements a decision record answered, with their items and reasons."""
    decision = record.event.properties.get("decision")
    placements = decision.get("placements") if isinstance(decision, dict) else None
    found = placements if isinstance(placements, list) else []
    return [placement for placement in found if isinstance(placement, dict)]


def _decision(record: Record, at_us: int) -> Moment:
    items = [
        f"{shown(placement.get('id'))} shows {_offers(placement)}" for placement in decided(record)
    ]
    return Moment(
        at_us,
        "pick",
        "out",
        "Decision: " + ("; ".join(items) or "nothing to show"),
        "",
        record.offset,
        "#dec",
    )


def _offers(placement: dict[str, Json]) -> str:
    items = placement.get("items")
    offers = (
        [shown(item.get("offer")) for item in items if isinstance(item, dict)]
        if isinstance(items, list)
        else []
    )
    return ", ".join(offers) or "nothing"


def _cause(properties: dict[str, Json]) -> str:
    because = properties.get("because", properties.get("cause"))
    words = {
        "time": "because time passed",
        "backfill": "found in recorded history",
        "definition": "the definition changed",
        "merge": "two people became one",
        "event": "",
    }
    text = shown(because) if because is not None else ""
    return words.get(text, text)


def _consents(properties: dict[str, Json]) -> str:
    purposes = properties.get("purposes")
    if not isinstance(purposes, dict):
        return ""
    return ", ".join(
        f"{name} {'given' if state in (True, 'granted') else 'refused'}"
        for name, state in purposes.items()
    )


def _name(record: Record) -> str:
    if record.event.type == "identify":
        return "Said who they are"
    return record.event.name


def _source(record: Record) -> str:
    said = in_short(record.event)
    return f"{record.event.source}, {said}" if said else record.event.source


def _icon(name: str) -> str:
    lowered = name.lower()
    return next((icon for word, icon in _ICONS if word in lowered), "bolt")
