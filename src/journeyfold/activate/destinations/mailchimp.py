"""Mailchimp: members of an audience, their tags, and events of theirs.

A member is known by the MD5 of the lower-case address and written by PUT, so a second time changes
nothing (journeys A3). Mailchimp's batch of members would set the status of those it has, and so
subscribe anew who has unsubscribed; PUT knows `status_if_new`. A tag has a batch that does not.
https://mailchimp.com/developer/marketing/api/list-members/add-or-update-list-member/
https://mailchimp.com/developer/marketing/api/list-segments/batch-add-or-remove-members/
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from hashlib import md5
from typing import Annotated, ClassVar, Literal

import msgspec

from journeyfold.activate.batching import KEY, Unfit, row_name, settled, text_of
from journeyfold.activate.destination import (
    Answer,
    Outcome,
    Parcel,
    ParcelKind,
    Tools,
)
from journeyfold.activate.hashed import email
from journeyfold.activate.platform import Platform
from journeyfold.activate.rest import Rest, listed, quoted, told, value_of
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json
from journeyfold.core.instant import rfc3339

_OF_EVENT = frozenset({KEY, "event", "email"})
_OWN = frozenset({"language", "vip", "interests"})
_OF_MEMBER = frozenset({KEY, "email"}) | _OWN


class Mailchimp(Platform, frozen=True, kw_only=True, tag="mailchimp"):
    """`secret` is an API key, which ends in the data centre (`-us21`). Who is new gets `status`;
    nobody's status is changed, since an unsubscription is theirs.
    """

    takes = frozenset({"webhook", "event", "upsert", "remove"})
    batch: ClassVar[int] = 50
    needs_payload: ClassVar[bool] = True

    secret: str
    list: Annotated[str, msgspec.Meta(min_length=1, examples=["a1b2c3d4e5"])]
    status: Literal["subscribed", "pending", "transactional"] = "subscribed"
    tags: tuple[str, ...] = ()
    segment: str = ""
    on_remove: Literal["archive", "tags", "segment", "unsubscribe"] = "archive"
    url: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.on_remove == "tags" and not self.tags:
            raise ValueError("on_remove: tags takes tags away; name them in `tags`")
        if self.on_remove == "segment" and not self.segment:
            raise ValueError("on_remove: segment takes out of one; name it in `segment`")

    def open(self, tools: Tools) -> Audience:
        key = tools.secret(self.secret)
        centre = key.rpartition("-")[2]
        if not self.url and (centre == key or not centre.isalnum()):
            raise UsageError(
                f"destinations/{tools.name}.yaml: an API key of Mailchimp ends in its data centre, "
                "as -us21"
            )
        base = tools.secret(self.url) or f"https://{centre}.api.mailchimp.com/3.0"
        basic = b64encode(f"journeyfold:{key}".encode()).decode()
        headers = {**self.headers_of(tools), "authorization": f"Basic {basic}"}
        return Audience(self, tools, Rest(tools.http, base, headers))


class _Member(msgspec.Struct, frozen=True):
    key: str
    address: str
    at_us: int
    body: dict[str, Json]


class Audience:
    def __init__(self, settings: Mailchimp, tools: Tools, rest: Rest) -> None:
        self._settings, self._tools, self._rest = settings, tools, rest
        self._list = f"/lists/{quoted(settings.list)}"

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return settled(parcels, _member, self._send)

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""

    def _send(self, kind: ParcelKind, members: Sequence[_Member]) -> Outcome | list[Outcome]:
        match kind:
            case "event":
                return [self._event(each) for each in members]
            case "remove" if self._settings.on_remove == "segment":
                return self._moved(members, "members_to_remove")
            case "remove":
                return [self._removed(each) for each in members]
            case _:
                written = [self._put(each) for each in members]
                return self._segmented(members, written) if self._settings.segment else written

    def _put(self, member: _Member) -> Outcome:
        outcome = self._told(self._rest("PUT", self._path(member), self._written(member)))
        if outcome.status == "sent" and self._settings.tags:
            return self._tagged(member, "active")
        return outcome

    def _segmented(self, members: Sequence[_Member], written: list[Outcome]) -> list[Outcome]:
        """Who was written also enters the segment, all in one call."""
        entering = [
            member for member, each in zip(members, written, strict=True) if each.status == "sent"
        ]
        entered = iter(self._moved(entering, "members_to_add") if entering else ())
        return [next(entered) if each.status == "sent" else each for each in written]

    def _moved(self, members: Sequence[_Member], how: str) -> list[Outcome]:
        """An error names the addresses it is about; all others moved."""
        path = f"{self._list}/segments/{quoted(self._settings.segment)}"
        answer = self._rest("POST", path, {how: [each.address for each in members]})
        if answer.status != 200:
            return [self._told(answer)] * len(members)
        failed: dict[str, str] = {}
        for error in listed(value_of(answer), "errors"):
            named = error.get("email_addresses")
            for address in named if isinstance(named, list) else ():
                failed[str(address).lower()] = str(error.get("error", "not moved"))[:500]
        return [
            Outcome("dead", failed[each.address]) if each.address in failed else Outcome("sent")
            for each in members
        ]

    def _removed(self, member: _Member) -> Outcome:
        """Who is not there, or archived (405), needs no removing."""
        match self._settings.on_remove:
            case "tags":
                outcome = self._tagged(member, "inactive")
                gone = outcome.reason.startswith("answered 404")
                return Outcome("sent", "no such member") if gone else outcome
            case "unsubscribe":
                answer = self._rest("PATCH", self._path(member), {"status": "unsubscribed"})
            case _:
                answer = self._rest("DELETE", self._path(member))
        if answer.status in {404, 405}:
            return Outcome("sent", "no such member")
        return self._told(answer)

    def _tagged(self, member: _Member, status: str) -> Outcome:
        tags = [{"name": name, "status": status} for name in self._settings.tags]
        return self._told(self._rest("POST", f"{self._path(member)}/tags", {"tags": tags}))

    def _event(self, member: _Member) -> Outcome:
        properties = {
            name: value if isinstance(value, str) else msgspec.json.encode(value).decode()
            for name, value in member.body.items()
            if name not in _OF_EVENT and value is not None
        }
        said = {
            "name": text_of(member.body, "event"), "properties": properties,
            "occurred_at": rfc3339(member.at_us).partition(".")[0].removesuffix("Z") + "+00:00",
        }  # fmt: skip
        return self._told(self._rest("POST", f"{self._path(member)}/events", said))

    def _written(self, member: _Member) -> dict[str, Json]:
        fields: dict[str, Json] = {
            name: value
            for name, value in member.body.items()
            if name not in _OF_MEMBER and value is not None
        }
        own: dict[str, Json] = {
            name: value for name, value in member.body.items() if name in _OWN and value is not None
        }
        return {
            "email_address": member.address, "status_if_new": self._settings.status,
            "merge_fields": fields, **own,
        }  # fmt: skip

    def _path(self, member: _Member) -> str:
        return f"{self._list}/members/{subscriber_hash(member.address)}"

    def _told(self, answer: Answer) -> Outcome:
        found = value_of(answer)
        detail = found.get("detail") if isinstance(found, dict) else None
        return told(answer, self._tools.now_us(), detail)


def subscriber_hash(address: str) -> str:
    """Mailchimp's name for a member; it identifies, it protects nothing."""
    return md5(address.lower().encode(), usedforsecurity=False).hexdigest()


def _member(parcel: Parcel) -> tuple[str, _Member]:
    address = email(row_name(parcel, "email"))
    if address is None:
        raise Unfit("the address is no e-mail address")
    if parcel.kind == "event":
        text_of(parcel.body, "event")
        return parcel.key, _Member(parcel.key, address, parcel.at_us, parcel.body)
    return address, _Member(parcel.key, address, parcel.at_us, parcel.body)
