"""When a delivery that did not get through is tried again, and when it is given up (journeys A4).

Pure: the jitter is drawn from the effect and the attempt, so it is the same in every process.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from journeyfold.core.chance import uniform
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, SECOND_US

Schedule: TypeAlias = Literal["api", "webhook"]
ATTEMPTS_MAX = 10
GIVEN_UP_US = DAY_US  # since the first attempt, for an API
BACKOFF_US, BACKOFF_MAX_US = SECOND_US, 15 * MINUTE_US
WEBHOOK_US = (
    0, 5 * SECOND_US, 5 * MINUTE_US, 30 * MINUTE_US, 2 * HOUR_US, 5 * HOUR_US, 10 * HOUR_US,
    14 * HOUR_US, 20 * HOUR_US, 24 * HOUR_US,
)  # fmt: skip
"""Before each attempt, since the one before it (Standard Webhooks, "Deliverability")."""
WEBHOOK_JITTER = 0.1
RETRY_AFTER_MAX_US = DAY_US


def next_us(
    schedule: Schedule, key: str, attempt: int, *, first_us: int, now_us: int, after_us: int = 0
) -> int | None:
    """After `attempt` attempts, the first of them at `first_us`; None when it is given up.

    `after_us` is what the other side asked for (Retry-After); it wins when it is longer.
    """
    if attempt >= ATTEMPTS_MAX:
        return None
    if schedule == "api" and now_us - first_us >= GIVEN_UP_US:
        return None
    return now_us + max(wait_us(schedule, key, attempt), min(after_us, RETRY_AFTER_MAX_US))


def wait_us(schedule: Schedule, key: str, attempt: int) -> int:
    """Full jitter for an API; for a webhook its table and up to a tenth more."""
    share = uniform("jitter", key, str(attempt))
    if schedule == "webhook":
        usual_us = WEBHOOK_US[attempt]
        return usual_us + int(usual_us * WEBHOOK_JITTER * share)
    longest_us = min(BACKOFF_MAX_US, BACKOFF_US * 2**attempt)
    return int(share * longest_us)
