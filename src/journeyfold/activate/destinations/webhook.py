"""Webhook: a signed POST to an address of yours, by Standard Webhooks (journeys A20).

The id of the effect is the webhook-id, the same at every attempt, so a receiver that keeps the ids
it has seen carries out each effect exactly once (A3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import msgspec

from journeyfold.activate.again import Schedule
from journeyfold.activate.destination import Call, Outcome, Parcel, Tools
from journeyfold.activate.headers import HOPS
from journeyfold.activate.payload import enveloped
from journeyfold.activate.platform import Platform
from journeyfold.activate.retry import judged
from journeyfold.activate.webhook import BODY_MAX, Signer, signed_headers, signer_of, webhook_id
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json

TIMEOUT_S = 15


class Webhook(Platform, frozen=True, kw_only=True, tag="webhook"):
    """`secrets` sign beside `secret`, while receivers move from one to the other. A body above
    20 kB is sent thin: who and what, and `link` with `{id}` in it, where the whole is to be had.
    """

    takes = frozenset({"webhook", "event", "upsert", "remove"})
    retries: ClassVar[Schedule] = "webhook"

    url: str
    secret: str
    secrets: tuple[str, ...] = ()
    link: str = ""
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=30)] = TIMEOUT_S

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.headers:
            if name.lower().startswith("webhook-"):
                raise ValueError(f"headers: the header {name} is written by us")

    def open(self, tools: Tools) -> Endpoint:
        secrets = [tools.secret(each) for each in (self.secret, *self.secrets)]
        headers = self.headers_of(tools)
        try:
            signers = [signer_of(secret) for secret in secrets]
        except ValueError as error:
            raise UsageError(f"destinations/{tools.name}.yaml: {error}") from None
        settings = msgspec.structs.replace(self, url=tools.secret(self.url), headers=headers)
        return Endpoint(settings, tools, signers)


class Endpoint:
    """`settings` with its references replaced."""

    def __init__(self, settings: Webhook, tools: Tools, signers: Sequence[Signer]) -> None:
        self._settings, self._tools, self._signers = settings, tools, signers

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return [self._post(parcel) for parcel in parcels]

    def _post(self, parcel: Parcel) -> Outcome:
        now_us, body = self._tools.now_us(), self._body(parcel)
        headers = {
            **self._settings.headers,
            "content-type": "application/json",
            HOPS: str(parcel.hops + 1),
            **signed_headers(self._signers, parcel.key, now_us // 1_000_000, body),
        }
        call = Call("POST", self._settings.url, headers, body, self._settings.timeout_s)
        return judged(self._tools.http(call), now_us)

    def _body(self, parcel: Parcel) -> bytes:
        said = enveloped(parcel)
        body = msgspec.json.encode(said)
        if len(body) <= BODY_MAX:
            return body
        name = webhook_id(parcel.key)
        thin: dict[str, Json] = {"id": name, "person": parcel.person, "bytes": len(body)}
        if self._settings.link:
            thin["link"] = self._settings.link.replace("{id}", name)
        told = {key: said[key] for key in ("type", "timestamp") if key in said}
        return msgspec.json.encode({**told, "data": thin})

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""
