"""Customers of the simulated shop whose time has come: quiet for a quarter, a year away, nearly VIP.

Sixty days of history and an hour of live traffic would bring none of them; so that every journey of
the shop runs while somebody watches, a few people crossed, or will cross, its border at a known
minute. All is a function of the seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US, MINUTE_US, rfc3339
from journeyfold.testing.shopper import Shopper, shopper
from journeyfold.testing.visit import Message, Timed

FIRST = 900_000  # their numbers begin behind all others
EACH = 40  # people of each kind
_EVERY_US = 2 * MINUTE_US  # one crosses every so often, from one minute after `now_us` on
_LARGE = 260.0


def past(seed: str, now_us: int) -> Iterator[Message]:
    """What they did long ago, in the order of time; all of it older than 60 days but the last."""
    told = [*_away(seed, now_us, 365, FIRST, 1), *_away(seed, now_us, 90, FIRST + EACH, 2)]
    told += _nearly(seed, now_us)
    told.sort(key=lambda one: one[0])
    return (message for _, message in told)


def coming(seed: str, now_us: int) -> Iterator[Timed]:
    """The order that makes a VIP of somebody, one every few minutes."""
    for at in range(EACH):
        who = shopper(seed, FIRST + 2 * EACH + at)
        at_us = now_us + _EVERY_US * (at + 1)
        yield at_us, _order(who, at_us, 3, _LARGE)


def _away(seed: str, now_us: int, days: int, first: int, orders: int) -> Iterator[Timed]:
    for at in range(EACH):
        who = shopper(seed, first + at)
        last_us = now_us - days * DAY_US + MINUTE_US + at * _EVERY_US
        begun_us = last_us - orders * 20 * DAY_US
        yield from _known(who, begun_us)
        for number in range(orders):
            at_us = last_us - (orders - 1 - number) * 20 * DAY_US
            yield at_us, _order(who, at_us, number + 1, 60.0 + at)


def _nearly(seed: str, now_us: int) -> Iterator[Timed]:
    for at in range(EACH):
        who = shopper(seed, FIRST + 2 * EACH + at)
        begun_us = now_us - 80 * DAY_US
        yield from _known(who, begun_us)
        for number in (1, 2):
            at_us = begun_us + number * DAY_US
            yield at_us, _order(who, at_us, number, _LARGE)


def _known(who: Shopper, at_us: int) -> Iterator[Timed]:
    traits: Message = {
        "email": who.email, "first_name": who.first_name, "last_name": who.last_name,
        "country": who.country, "locale": who.locale, "timezone": who.timezone,
        "marketing_opt_in": True,
    }  # fmt: skip
    granted: Json = dict.fromkeys(("analytics", "personalization", "marketing", "marketing_email"),
                                  "granted")  # fmt: skip
    told: Message = {"purposes": granted, "policy_version": "2026-09"}
    yield at_us, _message(who, at_us, {"type": "identify", "traits": traits})
    yield (
        at_us,
        _message(who, at_us, {"type": "track", "event": "Consent Updated", "properties": told}),
    )


def _order(who: Shopper, at_us: int, number: int, total: float) -> Message:
    order: Message = {
        "order_id": f"o-{who.number}-{number:03d}", "total": total, "currency": "EUR", "items": 1,
        "products": [],
    }  # fmt: skip
    return _message(who, at_us, {"type": "track", "event": "Order Completed", "properties": order})


def _message(who: Shopper, at_us: int, said: Message) -> Message:
    """From the shop's server, which knows the account."""
    name = f"{who.number}/{at_us}/{said['type']}/{said.get('event', '')}"
    digest = blake2b(name.encode(), digest_size=12).hexdigest()
    return {
        **said, "messageId": f"sim-{digest}", "userId": who.user_id,
        "context": {"library": {"name": "analytics-python", "version": "2.3.4"}},
        "timestamp": rfc3339(at_us),
    }  # fmt: skip
