"""Slack: a message to a channel by an incoming webhook, whose address is the secret."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from journeyfold.activate.destination import Call, Destined, Outcome, Parcel, Tools
from journeyfold.activate.retry import judged

_KEYS = frozenset({"text", "blocks", "attachments", "unfurl_links", "unfurl_media", "mrkdwn"})


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
        return [self._post(parcel) for parcel in parcels]

    def _post(self, parcel: Parcel) -> Outcome:
        said = {name: value for name, value in parcel.body.items() if name in _KEYS and value}
        if "text" not in said and "blocks" not in said:
            if not self._text:
                return Outcome("dead", "there is no text or blocks to say")
            said["text"] = self._text
        body = msgspec.json.encode(said)
        return judged(
            self._http(Call("POST", self._url, {"content-type": "application/json"}, body))
        )

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""
