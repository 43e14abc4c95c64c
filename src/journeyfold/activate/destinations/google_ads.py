"""Google Ads: conversions of clicks, enhanced conversions, and members of a customer match list.

A conversion is known by its order id, the effect's own where nothing is mapped to it, so a second
upload changes nothing (journeys A3); partial failure is on, and each record is settled for itself.
A person is told by hashes alone.
https://developers.google.com/google-ads/api/docs/conversions/upload-offline
https://developers.google.com/google-ads/api/docs/remarketing/audience-segments/customer-match
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal

import msgspec

from journeyfold.activate import hashed as norm
from journeyfold.activate.batching import KEY, Unfit, settled
from journeyfold.activate.destination import (
    Answer,
    Outcome,
    Parcel,
    ParcelKind,
    Tools,
)
from journeyfold.activate.hashed import hashed
from journeyfold.activate.platform import Platform
from journeyfold.activate.rest import Granted, Rest, listed, told, value_of
from journeyfold.core.event import Json
from journeyfold.core.instant import instant_us, rfc3339

_AGAIN = frozenset(
    {"CONCURRENT_MODIFICATION", "TRANSIENT_ERROR", "INTERNAL_ERROR", "RESOURCE_EXHAUSTED",
     "RESOURCE_TEMPORARILY_EXHAUSTED", "TOO_RECENT_CONVERSION_ACTION", "TOO_RECENT_EVENT"}
)  # fmt: skip
_DONE = frozenset(
    {"CLICK_CONVERSION_ALREADY_EXISTS", "DUPLICATE_ORDER_ID", "DUPLICATE_CLICK_CONVERSION_IN_REQUEST",
     "CONVERSION_ALREADY_ENHANCED"}
)  # fmt: skip
_CLICKS = ("gclid", "gbraid", "wbraid")

Digits = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$", examples=["1234567890"])]


class Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What opens the interface: the manager's developer token and an OAuth client's own."""

    developer_token: str
    client_secret: str
    refresh_token: str


class GoogleAds(Platform, frozen=True, kw_only=True, tag="google-ads"):
    """Events go to `conversion`, rows to `list`. `upload: enhancements` adds hashed people to
    conversions that a tag has sent with the same order id.
    """

    takes = frozenset({"webhook", "event", "upsert", "remove"})
    batch: ClassVar[int] = 1_000
    needs_payload: ClassVar[bool] = True
    places: ClassVar[Mapping[str, str]] = {"event": "conversion", "upsert": "list"}

    customer: Digits
    client: Annotated[str, msgspec.Meta(min_length=1)]
    secrets: Secrets
    login_customer: Digits | None = None
    conversion: Digits | None = None
    list: Digits | None = None
    upload: Literal["clicks", "enhancements"] = "clicks"
    region: str = ""
    version: Annotated[str, msgspec.Meta(pattern=r"^v[0-9]{1,3}$", examples=["v23"])] = "v23"
    url: str = "https://googleads.googleapis.com"
    token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.conversion is None and self.list is None:
            raise ValueError("write `conversion` for events, `list` for rows, or both")

    def open(self, tools: Tools) -> Account:
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client,
            "client_secret": tools.secret(self.secrets.client_secret),
            "refresh_token": tools.secret(self.secrets.refresh_token),
        }
        token = tools.secret(self.secrets.developer_token)
        headers = {**self.headers_of(tools), "developer-token": token}
        if self.login_customer is not None:
            headers["login-customer-id"] = self.login_customer
        bearer = Granted(tools.http, self.token_url, form, tools.now_us)
        base = f"{tools.secret(self.url).rstrip('/')}/{self.version}"
        return Account(self, tools, Rest(tools.http, base, headers, bearer))


class Account:
    def __init__(self, settings: GoogleAds, tools: Tools, rest: Rest) -> None:
        self._settings, self._tools, self._rest = settings, tools, rest
        self._customer = f"/customers/{settings.customer}"

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return settled(parcels, self._record, self._send)

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""

    def _record(self, parcel: Parcel) -> tuple[str, dict[str, Json]]:
        people = identifiers(norm.keyed(parcel.body, "crm_id"), self._settings.region)
        if parcel.kind in {"event", "webhook"}:
            if self._settings.conversion is None:
                raise Unfit("the destination names no conversion")
            if self._settings.upload == "enhancements":
                return parcel.key, self._enhancement(parcel, people)
            return parcel.key, self._conversion(parcel, people)
        if self._settings.list is None:
            raise Unfit("the destination names no list")
        if not people:
            raise Unfit("there is no email, phone, address or crm_id to match by")
        own = identifiers(norm.keyed({KEY: parcel.body.get(KEY)}, "crm_id"), self._settings.region)
        if own and not any(each in people for each in own):
            raise Unfit("a row is taken away by its key: make it the email, phone or crm_id")
        operation = "remove" if parcel.kind == "remove" else "create"
        record: dict[str, Json] = {operation: {"userIdentifiers": people}}
        return msgspec.json.encode(people).decode(), record

    def _conversion(self, parcel: Parcel, people: list[Json]) -> dict[str, Json]:
        body = parcel.body
        click: dict[str, Json] = {name: body[name] for name in _CLICKS if body.get(name)}
        if not click and not people:
            raise Unfit("there is no gclid, gbraid, wbraid, email or phone to match by")
        found: dict[str, Json] = {
            "conversionAction": self._action(),
            "conversionDateTime": when(body.get("time"), parcel.at_us),
            **click,
            "orderId": norm.written(body.get("order_id")) or parcel.key,
            "conversionValue": body.get("value"),
            "currencyCode": body.get("currency"),
            "conversionEnvironment": body.get("environment"),
            "userIdentifiers": people,
            "consent": consent_of(body),
        }
        return {name: value for name, value in found.items() if value not in (None, [], {})}

    def _enhancement(self, parcel: Parcel, people: list[Json]) -> dict[str, Json]:
        order = norm.written(parcel.body.get("order_id"))
        if not order or not people:
            raise Unfit("an enhancement needs an order_id and an email, phone or address")
        found: dict[str, Json] = {
            "adjustmentType": "ENHANCEMENT",
            "conversionAction": self._action(),
            "orderId": order,
            "userIdentifiers": people,
            "userAgent": parcel.body.get("user_agent"),
        }
        return {name: value for name, value in found.items() if value is not None}

    def _action(self) -> str:
        return f"customers/{self._settings.customer}/conversionActions/{self._settings.conversion}"

    def _send(
        self, kind: ParcelKind, records: Sequence[dict[str, Json]]
    ) -> Outcome | list[Outcome]:
        if kind in {"upsert", "remove"}:
            return self._matched(records)
        if self._settings.upload == "enhancements":
            path, name = f"{self._customer}:uploadConversionAdjustments", "conversionAdjustments"
        else:
            path, name = f"{self._customer}:uploadClickConversions", "conversions"
        answer = self._rest("POST", path, {name: records, "partialFailure": True})
        return self._settled(answer, name, len(records))

    def _matched(self, records: Sequence[dict[str, Json]]) -> Outcome | list[Outcome]:
        """A job of its own for each batch: made, filled, run. Adding somebody twice adds nobody."""
        members: dict[str, Json] = {
            "userList": f"customers/{self._settings.customer}/userLists/{self._settings.list}",
        }
        if self._settings.purpose:  # asked of everybody in the batch; without it nobody was
            members["consent"] = {"adUserData": "GRANTED", "adPersonalization": "GRANTED"}
        job = {"type": "CUSTOMER_MATCH_USER_LIST", "customerMatchUserListMetadata": members}
        made = self._rest("POST", f"{self._customer}/offlineUserDataJobs:create", {"job": job})
        named = value_of(made)
        name = named.get("resourceName") if isinstance(named, dict) else None
        if made.status != 200 or not isinstance(name, str):
            return self._told(made)
        operations = {"operations": records, "enablePartialFailure": True}
        filled = self._rest("POST", f"/{name}:addOperations", operations)
        outcomes = self._settled(filled, "operations", len(records))
        if isinstance(outcomes, Outcome):
            return outcomes
        ran = self._rest("POST", f"/{name}:run", {})
        if ran.status == 200:
            return outcomes
        failed = self._told(ran)
        return [failed if each.status == "sent" else each for each in outcomes]

    def _settled(self, answer: Answer, field: str, count: int) -> Outcome | list[Outcome]:
        """Each record by the index its error names; an error without one is about all of them."""
        if answer.status != 200:
            return self._told(answer)
        outcomes = [Outcome("sent")] * count
        for error in _errors(value_of(answer), "partialFailureError"):
            places = listed(error, "location", "fieldPathElements")
            at = next(
                (each.get("index", 0) for each in places if each.get("fieldName") == field), 0
            )
            if isinstance(at, str | int) and 0 <= int(at) < count:
                outcomes[int(at)] = _of_error(error)
        return outcomes

    def _told(self, answer: Answer) -> Outcome:
        """A whole request that is refused: some refusals pass by themselves."""
        errors = _errors(value_of(answer), "error")
        if answer.status and any(_codes(each) & _AGAIN for each in errors):
            return Outcome("retry", _of_error(errors[0]).reason)
        message = "; ".join(str(each.get("message", "")) for each in errors)
        return told(answer, self._tools.now_us(), message)


def identifiers(body: dict[str, Json], region: str) -> list[Json]:
    """A person as Google matches them (UserIdentifier), hashed where it asks for hashes."""
    found: list[Json] = []
    address = hashed(norm.google_email(body.get("email")))
    phone = hashed(norm.e164(body.get("phone"), region))
    names = {
        "hashedFirstName": hashed(norm.google_name(body.get("first_name"))),
        "hashedLastName": hashed(norm.google_name(body.get("last_name"))),
        "countryCode": (norm.country(body.get("country")) or "").upper() or None,
        "postalCode": norm.written(body.get("postal_code")) or None,
    }
    if address:
        found.append({"hashedEmail": address})
    if phone:
        found.append({"hashedPhoneNumber": phone})
    if all(names.values()):
        found.append({"addressInfo": {**names}})
    if not found and (crm := norm.external_id(body.get("crm_id"))):
        found.append({"thirdPartyUserId": crm})
    return found


def when(told_at: Json, at_us: int) -> str:
    """`2026-11-22 08:00:00+00:00`; the instant that is mapped to `time`, else the fact's."""
    mapped = instant_us(told_at) if isinstance(told_at, str) else None
    whole = rfc3339(mapped if mapped is not None else at_us)
    return whole[:19].replace("T", " ") + "+00:00"


def consent_of(body: dict[str, Json]) -> dict[str, Json]:
    """GRANTED and DENIED where something is mapped to them."""
    said = {
        "adUserData": body.get("ad_user_data"),
        "adPersonalization": body.get("ad_personalization"),
    }
    return {
        name: "GRANTED" if value else "DENIED"
        for name, value in said.items()
        if isinstance(value, bool)
    }


def _errors(value: Json, name: str) -> list[dict[str, Json]]:
    """The errors of every `GoogleAdsFailure` in a Status (google.rpc)."""
    status = value.get(name) if isinstance(value, dict) else None
    found = [error for detail in listed(status, "details") for error in listed(detail, "errors")]
    if not found and isinstance(status, dict):
        return [{"message": status.get("message", ""), "errorCode": {"": status.get("status", "")}}]
    return found


def _codes(error: dict[str, Json]) -> set[str]:
    code = error.get("errorCode")
    return {str(each) for each in code.values()} if isinstance(code, dict) else set()


def _of_error(error: dict[str, Json]) -> Outcome:
    codes = _codes(error)
    if codes & _DONE:
        return Outcome("sent", "it is there already")
    reason = f"{', '.join(sorted(codes))}: {error.get('message', '')}"[:500]
    return Outcome("retry" if codes & _AGAIN else "dead", reason)
