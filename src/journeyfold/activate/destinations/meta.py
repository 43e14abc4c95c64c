"""Meta: events of the Conversions API, and members of a custom audience.

An event is known by its `event_id`, the effect's own where nothing is mapped to it, so Meta counts
it once, together with the same one from a browser's pixel (journeys A3). A person is told by
hashes, but for what Meta wants plain. A request with one bad event is refused whole, so a refused
batch is halved until it stands alone.
https://developers.facebook.com/docs/marketing-api/conversions-api
https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar, Literal

import msgspec

from journeyfold.activate import hashed as norm
from journeyfold.activate.batching import Unfit, settled, text_of
from journeyfold.activate.destination import (
    Answer,
    Outcome,
    Parcel,
    ParcelKind,
    Tools,
)
from journeyfold.activate.hashed import hashed
from journeyfold.activate.platform import Platform
from journeyfold.activate.rest import Rest, told, value_of
from journeyfold.core.event import Json
from journeyfold.core.instant import SECOND_US, instant_us

# https://developers.facebook.com/docs/graph-api/guides/error-handling
_AGAIN = frozenset({1, 2, 4, 17, 32, 341, 368, 613, 80003, 80004})
_LOCKED = frozenset({10, 102, 190, 200, 294})  # the token, or what it may do

_HASHED: dict[str, tuple[str, str, Callable[[Json], str | None]]] = {
    "email": ("em", "EMAIL", norm.email),
    "first_name": ("fn", "FN", norm.name),
    "last_name": ("ln", "LN", norm.name),
    "city": ("ct", "CT", norm.city),
    "state": ("st", "ST", norm.city),
    "postal_code": ("zp", "ZIP", norm.postcode),
    "country": ("country", "COUNTRY", norm.country),
    "gender": ("ge", "GEN", norm.gender),
}
"""Field of a mapping → its name in events, its column in audiences, how it is written."""
_PLAIN = ("client_ip_address", "client_user_agent", "fbc", "fbp", "lead_id", "subscription_id")
_PERSON = frozenset({*_HASHED, *_PLAIN, "phone", "birthday", "external_id", "mobile_id"})
_OF_EVENT = frozenset({"event", "event_id", "time", "event_source_url", "action_source"})


class Meta(Platform, frozen=True, kw_only=True, tag="meta"):
    """Events go to `pixel` (a dataset), rows to `audience`; `secret` is the access token."""

    takes = frozenset({"webhook", "event", "upsert", "remove"})
    batch: ClassVar[int] = 1_000
    needs_payload: ClassVar[bool] = True
    places: ClassVar[Mapping[str, str]] = {"event": "pixel", "upsert": "audience"}

    secret: str
    pixel: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")] | None = None
    audience: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")] | None = None
    action_source: Literal[
        "website", "app", "email", "phone_call", "chat", "physical_store", "system_generated",
        "business_messaging", "other",
    ] = "website"  # fmt: skip
    test_event_code: str = ""
    region: str = ""
    version: Annotated[str, msgspec.Meta(pattern=r"^v[0-9]{1,3}\.0$", examples=["v25.0"])] = "v25.0"
    url: str = "https://graph.facebook.com"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pixel is None and self.audience is None:
            raise ValueError("write `pixel` for events, `audience` for rows, or both")

    def open(self, tools: Tools) -> Graph:
        base = f"{tools.secret(self.url).rstrip('/')}/{self.version}"
        return Graph(
            self, tools, Rest(tools.http, base, self.headers_of(tools)), tools.secret(self.secret)
        )


class Graph:
    def __init__(self, settings: Meta, tools: Tools, rest: Rest, token: str) -> None:
        self._settings, self._tools, self._rest, self._token = settings, tools, rest, token

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return settled(parcels, self._record, self._send)

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""

    def _record(self, parcel: Parcel) -> tuple[str, dict[str, Json]]:
        if parcel.kind in {"event", "webhook"}:
            if self._settings.pixel is None:
                raise Unfit("the destination names no pixel")
            return parcel.key, self._event(parcel)
        if self._settings.audience is None:
            raise Unfit("the destination names no audience")
        row = columns(norm.keyed(parcel.body, "external_id"), self._settings.region)
        if not row:
            raise Unfit("there is no email, phone, external_id or the like to match by")
        return msgspec.json.encode(row).decode(), row

    def _event(self, parcel: Parcel) -> dict[str, Json]:
        body, settings = parcel.body, self._settings
        person = user_data(body, settings.region)
        if not person:
            raise Unfit("there is no email, phone, external_id or the like to match by")
        time = body.get("time")
        told_us = instant_us(time) if isinstance(time, str) else None
        more: dict[str, Json] = {
            name: value
            for name, value in body.items()
            if name not in _PERSON and name not in _OF_EVENT and value is not None
        }
        event: dict[str, Json] = {
            "event_name": text_of(body, "event"),
            "event_time": (told_us if told_us is not None else parcel.at_us) // SECOND_US,
            "event_id": norm.written(body.get("event_id")) or parcel.key,
            "action_source": body.get("action_source") or settings.action_source,
            "user_data": person,
        }
        if body.get("event_source_url"):
            event["event_source_url"] = body["event_source_url"]
        return {**event, "custom_data": more} if more else event

    def _send(
        self, kind: ParcelKind, records: Sequence[dict[str, Json]]
    ) -> Outcome | list[Outcome]:
        if kind in {"event", "webhook"}:
            whole: dict[str, object] = {"data": records}
            if self._settings.test_event_code:
                whole["test_event_code"] = self._settings.test_event_code
            return self._told(self._asked("POST", f"/{self._settings.pixel}/events", whole))
        schema = sorted({name for each in records for name in each})
        rows = [[each.get(name, "") for name in schema] for each in records]
        payload: dict[str, object] = {"payload": {"schema": schema, "data": rows}}
        method = "DELETE" if kind == "remove" else "POST"
        answer = self._asked(method, f"/{self._settings.audience}/users", payload)
        if answer.status != 200:
            return self._told(answer)
        return _by_sample(value_of(answer), rows)

    def _asked(self, method: str, path: str, value: dict[str, object]) -> Answer:
        """The token goes in the body: addresses are written down by whoever they pass."""
        return self._rest(method, path, {**value, "access_token": self._token})

    def _told(self, answer: Answer) -> Outcome:
        """Graph answers 400 for nearly everything; its code tells what it means."""
        found = value_of(answer)
        error = found.get("error") if isinstance(found, dict) else None
        if not answer.status or not isinstance(error, dict):
            return told(answer, self._tools.now_us())
        code = error.get("code")
        reason = f"{code}: {error.get('error_user_msg') or error.get('message')}"[:500]
        if code in _AGAIN or error.get("is_transient") is True:
            return Outcome("retry", reason)
        if code in _LOCKED:
            return Outcome("paused", f"{reason}; mend its secret, then resume it")
        return told(answer, self._tools.now_us(), reason)


def user_data(body: dict[str, Json], region: str) -> dict[str, Json]:
    """A person as events tell them."""
    found: dict[str, Json] = {}
    for name, (short, _, write) in _HASHED.items():
        if digest := hashed(write(body.get(name))):
            found[short] = [digest]
    if phone := hashed(norm.phone_digits(body.get("phone"), region)):
        found["ph"] = [phone]
    if born := hashed(norm.birthday(body.get("birthday"))):
        found["db"] = [born]
    if external := hashed(norm.external_id(body.get("external_id"))):
        found["external_id"] = [external]
    for name in _PLAIN:
        if body.get(name):
            found[name] = body[name]
    return found


def columns(body: dict[str, Json], region: str) -> dict[str, Json]:
    """A person as audiences list them: column → value."""
    found: dict[str, Json] = {}
    for name, (_, column, write) in _HASHED.items():
        if digest := hashed(write(body.get(name))):
            found[column] = digest
    if phone := hashed(norm.phone_digits(body.get("phone"), region)):
        found["PHONE"] = phone
    born = norm.birthday(body.get("birthday"))
    if born and len(born) == 8:
        for column, part in (("DOBY", born[:4]), ("DOBM", born[4:6]), ("DOBD", born[6:])):
            found[column] = hashed(part)
    if external := norm.external_id(body.get("external_id")):
        found["EXTERN_ID"] = external
    if mobile := norm.external_id(body.get("mobile_id")):
        found["MADID"] = mobile.lower()
    return found


def _by_sample(value: Json, rows: Sequence[list[Json]]) -> list[Outcome]:
    """Entries that Meta gives as samples of invalid ones failed; of the rest none is named."""
    samples = value.get("invalid_entry_samples") if isinstance(value, dict) else None
    named = set(samples) | set(map(str, samples.values())) if isinstance(samples, dict) else set()
    failed = Outcome("dead", "Meta cannot read this entry")
    return [
        failed if any(str(each) in named for each in row if each) else Outcome("sent")
        for row in rows
    ]
