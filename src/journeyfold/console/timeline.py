"""A person's records as sentences: what they did, what was shown, how their identity grew."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from journeyfold.console.wording import (
    Dates,
    chosen,
    in_short,
    plural,
    short_person,
    shown,
    stated,
)
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
    if group == "consent":
        return record.kind == "consent" or record.event.name == "Consent Updated"
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
            what = {
                "person.merged": "Two people became one",
                "person.split": "One person became two",
                "person.reanchored": "The person got another id",
            }[event.name]
            return Moment(at_us, "merge", "merge", what, _others(properties), record.offset)
        case "decision", _:
            return _decision(record, at_us)
        case "consent", _:
            return Moment(at_us, "lock", "", "Consent stated", stated(properties), record.offset)
        case _, "Consent Updated":
            said = ", ".join(filter(None, (event.source, stated(properties))))
            return Moment(at_us, "lock", "", "Consent stated", said, record.offset)
        case _:
            return Moment(
                at_us, _icon(event.name), "", _name(record), _source(record), record.offset
            )


def _decision(record: Record, at_us: int) -> Moment:
    items = [f"{placement} shows {offer}" for placement, offer in chosen(record.event)]
    return Moment(
        at_us,
        "pick",
        "out",
        "Decision: " + ("; ".join(items) or "nothing to show"),
        "",
        record.offset,
        "#dec",
    )


def _others(properties: dict[str, Json]) -> str:
    """Who else was concerned: the id before, or the parts after."""
    if "from" in properties:
        return f"{short_person(shown(properties['from']))} joined"
    parts, moved = properties.get("parts"), properties.get("moved")
    several = parts if isinstance(parts, list) else []
    held = moved if isinstance(moved, dict) else {}
    return "; ".join(_part(shown(part), held.get(shown(part))) for part in several)


def _part(person: str, held: Json) -> str:
    """A part of a split and what it has: events, messages, segments, journeys on the way."""
    if not isinstance(held, dict) or not held:
        return short_person(person)
    said = [plural(_whole(held.get(key)), key[:-1]) for key in ("events", "messages")]
    for key in ("segments", "journeys"):
        names = held.get(key)
        said += (
            [f"{key} {', '.join(map(shown, names))}"] if isinstance(names, list) and names else []
        )
    return f"{short_person(person)} with {', '.join(said)}"


def _whole(value: Json) -> int:
    return value if isinstance(value, int) else 0


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
