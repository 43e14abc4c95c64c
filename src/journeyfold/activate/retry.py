"""What an answer means for a delivery, and when it goes again (journeys A4). Pure.

A time-out, a reset, 408, 425, 429 and 5xx go again; 401 and 403 stop the destination until it is
mended, 410 for good; a redirect and every other 4xx are final.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import msgspec

from journeyfold.activate.destination import RESPONSE_MAX, Answer, Outcome
from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US

SECOND_US = 1_000_000
_AGAIN = frozenset({408, 425, 429})


def judged(answer: Answer, now_us: int = 0) -> Outcome:
    """`now_us` is for a Retry-After that is a date."""
    status, told = answer.status, answer.body[:RESPONSE_MAX].decode("utf-8", "replace")
    if answer.is_refused:
        return Outcome("dead", answer.problem)
    if answer.is_barred:
        return Outcome("paused", answer.problem)
    if not status:
        return Outcome("retry", answer.problem, is_unreached=answer.is_unreached)
    if 200 <= status < 300:
        return Outcome("sent", response=told, reply=_json(answer))
    reason = f"answered {status}"
    if status in _AGAIN or status >= 500:
        after_us = _retry_after_us(answer.headers.get("retry-after", ""), now_us)
        return Outcome("retry", reason, after_us=after_us, response=told)
    if status in {401, 403}:
        return Outcome("paused", f"{reason}: mend its secret, then resume it", response=told)
    if status == 410:
        return Outcome("disabled", f"{reason}: it is gone", response=told)
    if 300 <= status < 400:
        return Outcome("dead", f"{reason}: redirects are not followed", response=told)
    return Outcome("dead", reason, response=told)


def _json(answer: Answer) -> Json:
    if "json" not in answer.headers.get("content-type", ""):
        return None
    try:
        found: Json = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return None
    return found


def _retry_after_us(text: str, now_us: int) -> int:
    """Seconds or an HTTP date; at most a day, and nothing where it says neither."""
    if text.isdecimal() and len(text) < 10:
        return min(int(text) * SECOND_US, DAY_US)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0
    return min(max(int(until.timestamp() * SECOND_US) - now_us, 0), DAY_US) if now_us else 0
