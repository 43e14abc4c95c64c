"""The demo's recipients: they open and follow, by lot, what lies in the mailbox of development.

They go through the links in the mail itself, as a mail program would, so what the reports show of
the demo has come the whole way. Who does what is a function of the message's id.
"""

from __future__ import annotations

import heapq
import http.client
import re
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from journeyfold.core.chance import uniform
from journeyfold.core.instant import SECOND_US
from journeyfold.runtime.clock import SystemClock

OPENED, CLICKED = 0.45, 0.15  # of all messages; who clicks has opened
SOONEST_S, LATEST_S = 4, 90  # after it lies there; whoever is quicker is taken for a machine
OLD_S = 600
_LOOK_S = 2.0
_LINK = re.compile(r'(?:src|href)="(https?://[^"]+/t/([oc])/[^"]+)"')
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Thunderbird/128.4"


class Recipients:
    """`run` until `stop`. What has lain there for long is left alone: a demo that is started again."""

    def __init__(self, mailbox: Path, stop: threading.Event) -> None:
        self._mailbox, self._stop = mailbox, stop
        self._due: list[tuple[int, str]] = []  # (instant, address)
        self._clock = SystemClock()
        old_s = self._clock.now_us() / SECOND_US - OLD_S
        self._seen = {path.name for path in self._lying() if path.stat().st_mtime < old_s}

    def run(self) -> None:
        while not self._stop.wait(_LOOK_S):
            now_us = self._clock.now_us()
            for path in self._lying():
                if path.name not in self._seen:
                    self._seen.add(path.name)
                    for after_s, address in answers(path.stem, path.read_bytes()):
                        heapq.heappush(self._due, (now_us + round(after_s * SECOND_US), address))
            while self._due and self._due[0][0] <= now_us:
                _visit(heapq.heappop(self._due)[1])

    def _lying(self) -> list[Path]:
        return sorted(self._mailbox.glob("*.eml"))


def answers(key: str, mail: bytes) -> Iterator[tuple[float, str]]:
    """(seconds from now, address) of what the recipient of this message does."""
    found: dict[str, str] = {}
    for address, kind in _LINK.findall(_html(mail)):
        found.setdefault(kind, unescape(address))
    lot = uniform("sample", "recipient", key)
    after_s = SOONEST_S + uniform("sample", "when", key) * (LATEST_S - SOONEST_S)
    if lot < OPENED and "o" in found:
        yield after_s, found["o"]
    if lot < CLICKED and "c" in found:
        yield after_s + SOONEST_S, found["c"]


def _html(mail: bytes) -> str:
    part = message_from_bytes(mail, policy=default).get_body(preferencelist=("html",))
    return str(part.get_content()) if part is not None else ""


def _visit(address: str) -> None:
    """A redirect is not followed: the shop's pages are not there."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=5)
    try:
        connection.request("GET", place.path, headers={"User-Agent": _AGENT})
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        pass  # the platform is just stopping; a message nobody opened
    finally:
        connection.close()
