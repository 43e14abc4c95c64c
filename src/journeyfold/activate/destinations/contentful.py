"""Contentful: entries of a space, written and published, or taken back, by their id.

An entry is put by its id, so the effect is exactly once (journeys A3). Contentful wants the version
that a change is made to; when somebody has changed it meanwhile (409) it is read and put again.
Fields that are not mapped stay as editors wrote them.
https://www.contentful.com/developers/docs/references/content-management-api/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from journeyfold.activate.batching import KEY, Unfit, row_name, settled
from journeyfold.activate.destination import (
    Answer,
    Outcome,
    Parcel,
    ParcelKind,
    Tools,
)
from journeyfold.activate.platform import Platform
from journeyfold.activate.rest import Held, Rest, quoted, told, value_of
from journeyfold.core.event import Json

_TYPE = {"content-type": "application/vnd.contentful.management.v1+json"}
_ID_MAX = 64
_TRIES = 3  # against somebody who edits at the same moment


class Contentful(Platform, frozen=True, kw_only=True, tag="contentful"):
    """`secret` is a token of the Content Management API. A row's key, or the field `id`, is the
    entry's id. A removed row's entry is unpublished, and deleted where `delete` says so.
    """

    takes = frozenset({"webhook", "upsert", "remove"})
    batch: ClassVar[int] = 1
    needs_payload: ClassVar[bool] = True

    secret: str
    space: Annotated[str, msgspec.Meta(min_length=1)]
    content_type: Annotated[str, msgspec.Meta(min_length=1)]
    environment: str = "master"
    locale: str = "en-US"
    publish: bool = True
    delete: bool = False
    url: str = "https://api.contentful.com"

    def open(self, tools: Tools) -> Space:
        token = Held(tools.secret(self.secret))
        headers = {**self.headers_of(tools), **_TYPE}
        return Space(self, tools, Rest(tools.http, tools.secret(self.url), headers, token))


class Space:
    def __init__(self, settings: Contentful, tools: Tools, rest: Rest) -> None:
        self._settings, self._tools, self._rest = settings, tools, rest
        space, environment = quoted(settings.space), quoted(settings.environment)
        self._entries = f"/spaces/{space}/environments/{environment}/entries"

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return settled(parcels, self._entry, self._send)

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""

    def _entry(self, parcel: Parcel) -> tuple[str, tuple[str, dict[str, Json]]]:
        name = row_name(parcel, "id")
        if len(name) > _ID_MAX or not all(each.isalnum() or each in "-_." for each in name):
            raise Unfit("an entry's id is 1 to 64 letters, digits, '-', '_' and '.'")
        fields: dict[str, Json] = {
            each: {self._settings.locale: value}
            for each, value in parcel.body.items()
            if each not in {"id", KEY}
        }
        return name, (name, fields)

    def _send(
        self, kind: ParcelKind, entries: Sequence[tuple[str, dict[str, Json]]]
    ) -> list[Outcome]:
        if kind == "remove":
            return [self._removed(name) for name, _ in entries]
        return [self._written(name, fields) for name, fields in entries]

    def _written(self, name: str, fields: dict[str, Json]) -> Outcome:
        answer = Answer(0)
        for _ in range(_TRIES):
            found = self._rest("GET", self._path(name))
            if found.status not in {200, 404}:
                return self._told(found)
            answer = self._put(name, fields, found)
            if answer.status != 409:
                break
        if answer.status not in {200, 201} or not self._settings.publish:
            return self._told(answer)
        published = self._rest("PUT", f"{self._path(name)}/published", None, _version(answer))
        return self._told(published)

    def _put(self, name: str, fields: dict[str, Json], found: Answer) -> Answer:
        kept: dict[str, Json] = {}
        headers = {"x-contentful-content-type": self._settings.content_type}
        if found.status == 200:
            entry = value_of(found)
            there = entry.get("fields") if isinstance(entry, dict) else None
            kept = there if isinstance(there, dict) else {}
            headers |= _version(found)
        merged: dict[str, Json] = {
            field: {**_locales(kept.get(field)), **_locales(fields.get(field))}
            for field in {**kept, **fields}
        }
        return self._rest("PUT", self._path(name), {"fields": merged}, headers)

    def _removed(self, name: str) -> Outcome:
        """What is not there, or not published, needs no taking back."""
        found = self._rest("GET", self._path(name))
        if found.status == 404:
            return Outcome("sent", "no such entry")
        if found.status != 200:
            return self._told(found)
        taken = self._rest("DELETE", f"{self._path(name)}/published")
        if not self._settings.delete:
            gone = taken.status in {400, 404}
            return Outcome("sent", "not published") if gone else self._told(taken)
        deleted = self._rest("DELETE", self._path(name))
        return Outcome("sent") if deleted.status == 404 else self._told(deleted)

    def _path(self, name: str) -> str:
        return f"{self._entries}/{quoted(name)}"

    def _told(self, answer: Answer) -> Outcome:
        found = value_of(answer)
        message = found.get("message") if isinstance(found, dict) else None
        outcome = told(answer, self._tools.now_us(), message)
        if answer.status == 409:
            return Outcome("retry", "answered 409: it is being edited", response=outcome.response)
        return outcome


def _version(answer: Answer) -> dict[str, str]:
    entry = value_of(answer)
    about = entry.get("sys") if isinstance(entry, dict) else None
    version = about.get("version") if isinstance(about, dict) else None
    return {"x-contentful-version": str(version)} if isinstance(version, int) else {}


def _locales(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
