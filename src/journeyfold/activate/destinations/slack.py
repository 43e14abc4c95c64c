"""Slack: a message to a channel by an incoming webhook, whose address is the secret."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.activate.destination import Answer, Call, Destined, Outcome, Parcel, Tools
from journeyfold.activate.retry import judged


class Slack(Destined, frozen=True, kw_only=True, tag="slack"):
    """`secret` is the address that Slack gave; `text` is what is said where nothing is mapped."""

    takes = frozenset({"webhook", "event"})

    secret: str
    text: str = ""

    def open(self, tools: Tools) -> Channel:
        return Channel(tools, tools.secret(self.secret), self.text)


class Channel:
    def __init__(self, tools: Tools, url: str, text: str) -> None:
        self._http, self._url, self._text = tools.http, url, text

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return [judged(self._post(parcel)) for parcel in parcels]

    def _post(self, parcel: Parcel) -> Answer:
        said = dict(parcel.body)
        if "text" not in said and "blocks" not in said:
            said["text"] = self._text
        body = msgspec.json.encode(said)
        return self._http(Call("POST", self._url, {"content-type": "application/json"}, body))

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""
