"""Numbers, instants and names as the screens say them (look.md sections 3 and 8).

Exact to 9,999, then three digits with the exact value in a title; a no-break space between a
number and its unit, a true minus sign, times in the zone of the reader's choice. Pure: the
instant that counts as now is always given.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from journeyfold.api.cards import Operand
from journeyfold.api.mask import masked_json
from journeyfold.core.event import Event, Json
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US, SECOND_US

NBSP = "\u00a0"
MINUS = "\u2212"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TELLING = (
    "total", "revenue", "value", "price", "order_id", "sku", "product_id", "name", "path", "url",
    "query", "title", "category", "placement", "offer",
)  # fmt: skip
_MONEY = frozenset(("total", "revenue", "value", "price"))
_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


def exact(number: float) -> str:
    """1204881 → `1,204,881`; fractions to two places, a true minus."""
    whole = float(number).is_integer()
    text = f"{int(number):,}" if whole else f"{number:,.2f}".rstrip("0")
    return text.replace("-", MINUS)


def figure(number: float) -> tuple[str, str]:
    """Number and unit apart: 9999 → (`9,999`, ``), 18432 → (`18.4`, `k`), 48210377 → (`48.2`, `M`)."""
    size = abs(number)
    for step, unit in ((1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if size >= step:
            scale = 1e3 if unit == "k" else step
            return f"{number / scale:.3g}".replace("-", MINUS), unit
    return exact(number), ""


def short(number: float) -> str:
    digits, unit = figure(number)
    return f"{digits}{NBSP}{unit}" if unit else digits


def rate(per_second: float) -> str:
    """Events a second: whole from ten on, one decimal below, `<0.1` rather than a false 0."""
    if per_second >= 10:
        return short(round(per_second))
    if 0 < per_second < 0.05:
        return "<0.1"
    return f"{per_second:.1f}".removesuffix(".0")


def share(part: int, whole: int) -> str:
    """A part in percent; `<0.01` and `>99.99` rather than a rounding that hides the rest."""
    if whole == 0:
        return "none"
    percent = 100 * part / whole
    if 0 < percent < 0.01:
        return f"<0.01{NBSP}%"
    if 99.99 < percent < 100:
        return f">99.99{NBSP}%"
    return f"{percent:.2f}".rstrip("0").rstrip(".") + f"{NBSP}%"


def listed(names: Sequence[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b and c`, `a, b, c and 4 more`."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def plural(number: int, one: str, many: str = "") -> str:
    """`1 person`, `12 people`; the plural is `one` + s unless given."""
    return f"{exact(number)}{NBSP}{one if number == 1 else many or f'{one}s'}"


def lasting(us: int) -> str:
    """A length of time in its largest fitting unit, two digits at least: `0.4 s`, `3 min`, `4 days`."""
    if us <= 0:
        return f"0{NBSP}s"
    if us < 950:
        return f"{us}{NBSP}µs"
    if us < SECOND_US // 10:
        return millis(us)
    if us < MINUTE_US:
        return (
            f"{us / SECOND_US:.1f}{NBSP}s" if us < 10 * SECOND_US else f"{us // SECOND_US}{NBSP}s"
        )
    if us < HOUR_US:
        return f"{us // MINUTE_US}{NBSP}min"
    if us < 2 * DAY_US:
        return f"{us // HOUR_US}{NBSP}h"
    return f"{us // DAY_US}{NBSP}days"


def millis(us: int) -> str:
    """A latency in milliseconds, three digits at most: `6.1 ms`, `84 ms`."""
    return f"{us / 1000:.3g}{NBSP}ms" if us < 10_000 else f"{us // 1000:,}{NBSP}ms"


class Dates:
    """Instants as this reader sees them: a zone and the instant that is now."""

    def __init__(self, zone: str, now_us: int) -> None:
        self.zone, self.now_us = zone, now_us
        self._tz = ZoneInfo(zone)

    def local(self, us: int) -> datetime:
        return (_EPOCH + timedelta(microseconds=us)).astimezone(self._tz)

    def clock(self, us: int) -> str:
        return f"{self.local(us):%H:%M}"

    def seconds(self, us: int) -> str:
        return f"{self.local(us):%H:%M:%S}"

    def precise(self, us: int) -> str:
        return f"{self.local(us):%H:%M:%S}.{us % SECOND_US // 1000:03d}"

    def day(self, us: int) -> str:
        """`Today, Sunday 22 November`; the year only when it is another one."""
        at, now = self.local(us), self.local(self.now_us)
        text = f"{at:%A} {at.day} {at:%B}"
        if at.date() == now.date():
            return f"Today, {text}"
        return text if at.year == now.year else f"{text} {at.year}"

    def date(self, us: int) -> str:
        at = self.local(us)
        text = f"{at.day}{NBSP}{at:%b}"
        return text if at.year == self.local(self.now_us).year else f"{text}{NBSP}{at.year}"

    def when(self, us: int) -> str:
        """`16:14` today, `20 Nov 16:14` else."""
        today = self.local(us).date() == self.local(self.now_us).date()
        return self.clock(us) if today else f"{self.date(us)} {self.clock(us)}"

    def day_clock(self, us: int) -> str:
        """`Sun 22 Nov 16:14`: for a list that goes over days."""
        at = self.local(us)
        return f"{at:%a} {self.date(us)} {self.clock(us)}"

    def ago(self, us: int) -> str:
        return "just now" if self.now_us - us < SECOND_US else f"{lasting(self.now_us - us)} ago"

    def age(self, us: int) -> str:
        return lasting(max(0, self.now_us - us))

    def midnight(self, days_back: int = 0) -> int:
        """The start of the reader's day, `days_back` days ago."""
        day = (self.local(self.now_us) - timedelta(days=days_back)).date()
        start = datetime(day.year, day.month, day.day, tzinfo=self._tz).astimezone(UTC) - _EPOCH
        return (start.days * 86_400 + start.seconds) * SECOND_US


def short_person(person: str) -> str:
    """`p_7qk2x08dfm4…` → `p_7qk2…m4`."""
    return f"{person[:6]}…{person[-2:]}" if len(person) > 10 else person


def shown(value: Json) -> str:
    """A value in a sentence: text bare, lists by commas, objects by their size."""
    match value:
        case None:
            return "unknown"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return exact(value)
        case str():
            return value if len(value) <= 120 else value[:119] + "…"
        case list():
            return shown_list(value)
        case _:
            return plural(len(value), "field")


def met(operand: Operand, dates: Dates) -> str:
    """What stood on one side of a condition's leaf, by its type: `51 days`, `1 Oct 19:30`, `no`."""
    match operand.type, operand.value:
        case "timestamp", None:
            return "never"
        case "duration", int(length):
            return lasting(length)
        case "timestamp", int(at_us):
            return dates.when(at_us)
        case _, value:
            return shown(value)


_ASKED = {
    "minimum": "must be at least {}", "maximum": "must be at most {}",
    "minLength": "must have at least {} characters", "maxLength": "may have {} characters",
    "enum": "must be one of {}", "const": "must be {}", "format": "must be a {}",
    "pattern": "must match {}",
}  # fmt: skip
_TYPES = {"number": "a number", "integer": "a whole number", "string": "text", "boolean": "yes or no",
          "object": "an object", "array": "a list", "null": "empty"}  # fmt: skip


def fault(detail: str) -> str:
    """What a schema asked for, in words: `type ["number"]` → `must be a number`."""
    keyword, _, rest = detail.partition(" ")
    try:
        asked = msgspec.json.decode(rest)
    except msgspec.DecodeError:
        return detail
    several = asked if isinstance(asked, list) else [asked]
    if keyword == "type":
        return "must be " + " or ".join(_TYPES.get(str(one), str(one)) for one in several)
    if keyword not in _ASKED:
        return detail
    return _ASKED[keyword].format(", ".join(plain(one) for one in several))


def plain(value: Json) -> str:
    """A value as it was sent: a year or a number without separators."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else shown(value)


def shown_list(values: list[Json]) -> str:
    """Up to four plain values by commas; more, or objects, as a count; `none` for nothing."""
    if not values:
        return "none"
    plain = [shown(value) for value in values if not isinstance(value, dict | list)]
    return ", ".join(plain) if len(plain) == len(values) <= 4 else plural(len(values), "item")


def in_short(event: Event) -> str:
    """The two or three properties that tell one such event from another, masked (console C16)."""
    ours = _of_ours(event)
    if ours:
        return ours
    said: list[str] = []
    properties = {key: masked_json(value, key) for key, value in event.properties.items()}
    for key in _TELLING:
        value = properties.get(key)
        if value is None or isinstance(value, dict | list):
            continue
        said.append(_telling(key, value, properties.get("currency")))
        if len(said) == 2:
            break
    products = properties.get("products")
    if isinstance(products, list):
        said.append(plural(len(products), "item"))
    if not said:
        traits = list(event.traits.items())[:2]
        said = [f"{key} {shown(masked_json(value, key, of_person=True))}" for key, value in traits]
    return ", ".join(said)


def _of_ours(event: Event) -> str:
    """Records of the platform, and answers to it: the thing they are about."""
    properties = event.properties
    match event.name:
        case "segment.entered" | "segment.left":
            return shown(properties.get("segment"))
        case "stage.changed":
            return f"{shown(properties.get('from'))} to {shown(properties.get('to'))}"
        case "person.merged" | "person.reanchored":
            return f"{short_person(shown(properties.get('from')))} joined"
        case "Consent Updated":
            return stated(properties)
        case "Decision Made":
            return "; ".join(f"{place}: {offer}" for place, offer in chosen(event))
        case "Offer Shown" | "Offer Clicked" | "Offer Dismissed" | "Offer Accepted":
            parts = (properties.get("offer"), properties.get("placement"))
            return ", ".join(shown(part) for part in parts if part is not None)
        case _:
            return ""


def stated(properties: dict[str, Json]) -> str:
    """The purposes of a consent statement: `analytics given, marketing refused`."""
    purposes = properties.get("purposes")
    if not isinstance(purposes, dict):
        return ""
    return ", ".join(
        f"{name.replace('_', ' ')} {'given' if state in (True, 'granted') else 'refused'}"
        for name, state in purposes.items()
    )


def chosen(event: Event) -> list[tuple[str, str]]:
    """(placement, what it shows) of a decision record."""
    found = []
    for placement in decided(event):
        items = placement.get("items")
        offers = [
            shown(item.get("offer"))
            for item in (items if isinstance(items, list) else [])
            if isinstance(item, dict)
        ]
        found.append((shown(placement.get("id")), ", ".join(offers) or "nothing"))
    return found


def decided(event: Event) -> list[dict[str, Json]]:
    """The placements a decision record answered, with their items and reasons."""
    decision = event.properties.get("decision")
    placements = decision.get("placements") if isinstance(decision, dict) else None
    held = placements if isinstance(placements, list) else []
    return [placement for placement in held if isinstance(placement, dict)]


def _telling(key: str, value: Json, currency: Json) -> str:
    if key in ("path", "url", "title", "name") and isinstance(value, str):
        return shown(value)
    if key in _MONEY and isinstance(value, int | float) and isinstance(currency, str):
        return f"{key} {_SIGNS.get(currency, currency)}{NBSP}{value:,.2f}"
    quoted = f'"{shown(value)}"' if key in _MONEY and isinstance(value, str) else shown(value)
    return f"{key} {quoted}"
