"""Salesforce: records of one object by an external id, up to 200 a call, settled one by one.

Records are upserted by the external id, so the effect is exactly once (journeys A3).
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections_upsert.htm
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from journeyfold.activate.batching import KEY, row_name, settled
from journeyfold.activate.destination import (
    Answer,
    Outcome,
    Parcel,
    ParcelKind,
    Tools,
)
from journeyfold.activate.platform import Platform
from journeyfold.activate.rest import Granted, Held, Rest, listed, quoted, told, value_of
from journeyfold.core.event import Json

_AGAIN = frozenset(
    {"UNABLE_TO_LOCK_ROW", "REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "QUERY_TIMEOUT",
     "UNKNOWN_EXCEPTION"}
)  # fmt: skip
_GONE = frozenset({"NOT_FOUND", "ENTITY_IS_DELETED"})


class Salesforce(Platform, frozen=True, kw_only=True, tag="salesforce"):
    """`url` is your My Domain. With `client` (a connected app's key) `secret` is the app's secret
    and tokens are granted for it; without, `secret` is a token.
    """

    takes = frozenset({"webhook", "upsert", "remove"})
    batch: ClassVar[int] = 200
    needs_payload: ClassVar[bool] = True

    url: str
    secret: str
    external_id: Annotated[str, msgspec.Meta(pattern=r"^\w{1,80}$", examples=["Crm_Id__c"])]
    object: Annotated[str, msgspec.Meta(pattern=r"^\w{1,80}$", examples=["Contact"])] = "Contact"
    client: str = ""
    version: Annotated[str, msgspec.Meta(pattern=r"^v\d{2,3}\.0$", examples=["v64.0"])] = "v64.0"

    def open(self, tools: Tools) -> Org:
        base, secret = tools.secret(self.url).rstrip("/"), tools.secret(self.secret)
        bearer: Held | Granted = Held(secret)
        if self.client:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.client,
                "client_secret": secret,
            }
            where = f"{base}/services/oauth2/token"
            bearer = Granted(tools.http, where, form, tools.now_us)
        address = f"{base}/services/data/{self.version}"
        rest = Rest(tools.http, address, self.headers_of(tools), bearer)
        return Org(self, tools, rest)


class Org:
    def __init__(self, settings: Salesforce, tools: Tools, rest: Rest) -> None:
        self._settings, self._tools, self._rest = settings, tools, rest

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return settled(parcels, self._record, self._send)

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""

    def _record(self, parcel: Parcel) -> tuple[str, dict[str, Json]]:
        name = self._settings.external_id
        key = row_name(parcel, name)
        fields = {each: value for each, value in parcel.body.items() if each not in {KEY, name}}
        return key, {"attributes": {"type": self._settings.object}, name: key, **fields}

    def _send(
        self, kind: ParcelKind, records: Sequence[dict[str, Json]]
    ) -> Outcome | list[Outcome]:
        return self._removed(records) if kind == "remove" else self._upserted(records)

    def _upserted(self, records: Sequence[dict[str, Json]]) -> Outcome | list[Outcome]:
        path = f"/composite/sobjects/{self._settings.object}/{self._settings.external_id}"
        answer = self._rest("PATCH", path, {"allOrNone": False, "records": records})
        results = listed({"all": value_of(answer)}, "all")
        if answer.status != 200 or len(results) != len(records):
            return self._told(answer)
        return [_of_result(each) for each in results]

    def _removed(self, records: Sequence[dict[str, Json]]) -> list[Outcome]:
        return [self._deleted(str(each[self._settings.external_id])) for each in records]

    def _deleted(self, key: str) -> Outcome:
        name = f"{self._settings.object}/{self._settings.external_id}/{quoted(key)}"
        answer = self._rest("DELETE", f"/sobjects/{name}")
        code, _ = _error(answer)
        if answer.status == 404 and code in _GONE:
            return Outcome("sent", "nothing to remove")
        return self._told(answer)

    def _told(self, answer: Answer) -> Outcome:
        """Too many requests are a 403 here."""
        code, message = _error(answer)
        if answer.status and code in _AGAIN:
            return Outcome("retry", f"{code}: {message}")
        return told(answer, self._tools.now_us(), f"{code}: {message}" if code else None)


def _of_result(result: dict[str, Json]) -> Outcome:
    if result.get("success") is True:
        return Outcome("sent", reply={"id": result.get("id"), "created": result.get("created")})
    errors = listed(result, "errors")
    codes = {str(each.get("statusCode")) for each in errors}
    reason = "; ".join(f"{each.get('statusCode')}: {each.get('message')}" for each in errors)
    again = bool(codes) and codes <= _AGAIN
    return Outcome("retry" if again else "dead", reason[:500] or "not written")


def _error(answer: Answer) -> tuple[str, str]:
    """(code, message) of the first error of a refused request."""
    for each in listed({"all": value_of(answer)}, "all"):
        if "errorCode" in each:
            return str(each["errorCode"]), str(each.get("message", ""))[:300]
    return "", ""
