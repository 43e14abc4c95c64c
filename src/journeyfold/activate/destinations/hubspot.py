"""HubSpot: contacts (or other objects) by a unique property, members of a list, custom events.

A record is upserted by `id_property`, so the effect is exactly once (journeys A3). Of a batch each
record carries the effect's id as its write trace, by which partial answers (207) are settled.
https://developers.hubspot.com/docs/api-reference/crm-contacts-v3
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from journeyfold.activate.batching import KEY, row_name, settled, text_of
from journeyfold.activate.destination import (
    Answer,
    Outcome,
    Parcel,
    ParcelKind,
    Tools,
)
from journeyfold.activate.platform import Platform
from journeyfold.activate.rest import Held, Rest, listed, quoted, told, value_of
from journeyfold.core.event import Json
from journeyfold.core.instant import rfc3339

_AGAIN = frozenset({"RATE_LIMITS", "INTERNAL_ERROR", "TIMEOUT", "CONFLICT"})
_OF_EVENT = frozenset({KEY, "event", "email"})


class Hubspot(Platform, frozen=True, kw_only=True, tag="hubspot"):
    """`secret` is the token of a private app. Rows enter `list` and leave it, where one is named;
    without one a removed row's record is archived.
    """

    takes = frozenset({"webhook", "event", "upsert", "remove"})
    batch: ClassVar[int] = 100
    needs_payload: ClassVar[bool] = True

    secret: str
    object: str = "contacts"
    id_property: str = "email"
    list: str = ""
    url: str = "https://api.hubapi.com"

    def open(self, tools: Tools) -> Portal:
        token = Held(tools.secret(self.secret))
        return Portal(
            self, tools, Rest(tools.http, tools.secret(self.url), self.headers_of(tools), token)
        )


class _Record(msgspec.Struct, frozen=True):
    key: str
    id: str
    properties: dict[str, Json]
    at_us: int


class Portal:
    def __init__(self, settings: Hubspot, tools: Tools, rest: Rest) -> None:
        self._settings, self._tools, self._rest = settings, tools, rest
        self._objects = f"/crm/v3/objects/{quoted(settings.object)}/batch"

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return settled(parcels, self._record, self._send)

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""

    def _record(self, parcel: Parcel) -> tuple[str, _Record]:
        if parcel.kind == "event":
            text_of(parcel.body, "event")
            email = text_of(parcel.body, "email", KEY)
            return parcel.key, _Record(parcel.key, email, parcel.body, parcel.at_us)
        name = row_name(parcel, self._settings.id_property)
        properties: dict[str, Json] = {
            each: _text(value)
            for each, value in parcel.body.items()
            if each not in {KEY, self._settings.id_property}  # a record is not given another name
        }
        return name.lower(), _Record(parcel.key, name, properties, parcel.at_us)

    def _send(self, kind: ParcelKind, records: Sequence[_Record]) -> Outcome | list[Outcome]:
        match kind:
            case "event":
                return self._events(records)
            case "remove":
                return self._removed(records)
            case _:
                return self._upserted(records)

    def _upserted(self, records: Sequence[_Record]) -> Outcome | list[Outcome]:
        inputs = [
            {"idProperty": self._settings.id_property, "id": each.id,
             "objectWriteTraceId": each.key, "properties": each.properties}
            for each in records
        ]  # fmt: skip
        answer = self._rest("POST", f"{self._objects}/upsert", {"inputs": inputs})
        if answer.status not in {200, 201, 207}:
            return self._told(answer)
        outcomes = _by_trace(answer, records)
        return self._listed(answer, records, outcomes) if self._settings.list else outcomes

    def _listed(
        self, answer: Answer, records: Sequence[_Record], outcomes: list[Outcome]
    ) -> list[Outcome]:
        """Who was written also enters the list; where that fails, writing goes again."""
        ids = _ids(answer, self._settings.id_property)
        members = [ids[each.id.lower()] for each in records if each.id.lower() in ids]
        joined = self._moved({"recordIdsToAdd": members}) if members else None
        if joined is None or joined.status == "sent":
            return outcomes
        return [joined if each.status == "sent" else each for each in outcomes]

    def _removed(self, records: Sequence[_Record]) -> Outcome:
        """Out of the list, or into the archive. Who is not there needs no removing."""
        wanted = {
            "idProperty": self._settings.id_property,
            "properties": [self._settings.id_property],
            "inputs": [{"id": each.id} for each in records],
        }
        answer = self._rest("POST", f"{self._objects}/read", wanted)
        if answer.status not in {200, 207}:
            return self._told(answer)
        ids = sorted(_ids(answer, self._settings.id_property).values())
        if not ids:
            return Outcome("sent", "nobody to remove")
        if self._settings.list:
            return self._moved({"recordIdsToRemove": ids})
        archived = {"inputs": [{"id": each} for each in ids]}
        return self._told(self._rest("POST", f"{self._objects}/archive", archived))

    def _moved(self, members: dict[str, list[str]]) -> Outcome:
        path = f"/crm/v3/lists/{quoted(self._settings.list)}/memberships/add-and-remove"
        whole = {"recordIdsToAdd": [], "recordIdsToRemove": [], **members}
        return self._told(self._rest("PUT", path, whole))

    def _events(self, records: Sequence[_Record]) -> Outcome:
        inputs = [
            {"eventName": each.properties["event"], "email": each.id, "uuid": each.key,
             "occurredAt": rfc3339(each.at_us),
             "properties": {
                 name: _text(value)
                 for name, value in each.properties.items() if name not in _OF_EVENT
             }}
            for each in records
        ]  # fmt: skip
        return self._told(self._rest("POST", "/events/v3/send/batch", {"inputs": inputs}))

    def _told(self, answer: Answer) -> Outcome:
        found = value_of(answer)
        message = found.get("message") if isinstance(found, dict) else None
        return told(answer, self._tools.now_us(), message)


def _by_trace(answer: Answer, records: Sequence[_Record]) -> list[Outcome]:
    """What is named by an error failed; what no error names was written (207)."""
    failed: dict[str, Outcome] = {}
    for error in listed(value_of(answer), "errors"):
        reason = f"{error.get('category', 'error')}: {error.get('message', '')}"[:500]
        outcome = Outcome("retry" if error.get("category") in _AGAIN else "dead", reason)
        context = error.get("context")
        for named in context.values() if isinstance(context, dict) else ():
            for each in named if isinstance(named, list) else [named]:
                failed[str(each).lower()] = outcome
    written = Outcome("sent")
    return [
        failed.get(each.key.lower()) or failed.get(each.id.lower()) or written for each in records
    ]


def _ids(answer: Answer, id_property: str) -> dict[str, str]:
    """The unique property of a record → its id in HubSpot."""
    found: dict[str, str] = {}
    for each in listed(value_of(answer), "results"):
        properties = each.get("properties")
        name = properties.get(id_property) if isinstance(properties, dict) else None
        if isinstance(name, str):
            found[name.lower()] = str(each.get("id"))
    return found


def _text(value: Json) -> str:
    """A property as HubSpot reads it: text; several values with semicolons; nothing clears it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case list():
            return ";".join(_text(each) for each in value)
        case dict():
            return msgspec.json.encode(value).decode()
        case _:
            return str(value)
