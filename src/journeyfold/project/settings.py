"""The values of `journeyfold.yaml`: what holds for the whole project.

Every key has a default but `name`. Durations, sizes and instants stay the text the author wrote;
properties ending in their unit read them.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from journeyfold.activate.reach import is_allowable
from journeyfold.core.instant import DAY_US, duration_us, instant_us
from journeyfold.core.localtime import minutes_of
from journeyfold.decide.definition import Cap, ContactPolicy
from journeyfold.privacy.consent import PrivacySettings
from journeyfold.quality.alert import Alerts
from journeyfold.sources.size import size_bytes

Calendar = Annotated[
    str, Meta(pattern=r"^[1-9][0-9]{0,4}(s|m|h|d|w|mo)$", examples=["24mo"], description="a span")
]
MONTH_US = 30 * DAY_US + 10 * 3600 * 1_000_000  # a twelfth of 365 days, for comparisons


class Clock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`start` shifts the platform's clock: history of 2011 is then lived, not looked back at."""

    start: Annotated[str, Meta(examples=["2011-12-10T00:00:00Z"])] | None = None

    def __post_init__(self) -> None:
        if self.start is not None and instant_us(self.start) is None:
            raise ValueError(f"start: '{self.start}' is no instant; write 2011-12-10T00:00:00Z")

    @property
    def start_us(self) -> int | None:
        return instant_us(self.start) if self.start else None


class Disk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Below `reserve` of free space the door answers 503 (collect C36)."""

    reserve: Annotated[str, Meta(examples=["2GiB"])] = "2GiB"

    def __post_init__(self) -> None:
        if size_bytes(self.reserve) is None:
            raise ValueError(f"reserve: '{self.reserve}' is no size; write 2GiB or 512MiB")

    @property
    def reserve_bytes(self) -> int:
        return size_bytes(self.reserve) or 0


class Outgoing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What requests may reach beyond the public internet (journeys A22)."""

    allow: tuple[Annotated[str, Meta(examples=["10.1.0.0/16"])], ...] = ()

    def __post_init__(self) -> None:
        for each in self.allow:
            if not is_allowable(each):
                raise ValueError(
                    f"allow: '{each}' is no network, address or host; write 10.1.0.0/16 or crm.lan"
                )


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the platform listens, under which names, and how many processes serve."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8080
    hosts: tuple[str, ...] = ()  # names the door answers to; localhost always (collect C12)
    trusted_proxies: tuple[str, ...] = ()  # CIDR; only their forwarding headers count
    public_url: str = ""  # how links in mail reach us; empty: the local address
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    outgoing: Outgoing = Outgoing()
    places: str = ""  # a MaxMind DB of the operator's, from the project's directory (collect C48)
    weather: str = ""  # a CSV of the operator's: geocell, hour, condition, temp_c (collect C49)
    max_lag: (
        Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,9}(s|m|h|d)$", examples=["10m"])] | None
    ) = None

    @property
    def names(self) -> tuple[str, ...]:
        """`hosts`, and the one that links in mail lead to."""
        public = urlsplit(self.public_url).hostname
        return (*self.hosts, public) if self.hosts and public else self.hosts

    @property
    def max_lag_us(self) -> int:
        """0 where the door never waits for the fold."""
        return (duration_us(self.max_lag) or 0) if self.max_lag else 0

    def __post_init__(self) -> None:
        if self.public_url and not _URL.fullmatch(self.public_url):
            raise ValueError(
                f"public_url: '{self.public_url}' is no address; write https://shop.example.com"
            )
        for proxy in self.trusted_proxies:
            try:
                ip_network(proxy)
            except ValueError:
                raise ValueError(
                    f"trusted_proxies: '{proxy}' is no network; write 10.0.0.0/8"
                ) from None


class EmailSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What all mail has in common: the sender where a template names none, and the domain whose
    addresses bounces and unsubscribing by mail go to (journeys A12, A14).
    """

    sender: Annotated[str, Meta(examples=["Shop <hello@shop.example>"])] = msgspec.field(
        default="", name="from"
    )
    bounces: Annotated[str, Meta(examples=["bounces.shop.example"])] = ""

    def __post_init__(self) -> None:
        if self.bounces and not _DOMAIN.fullmatch(self.bounces):
            raise ValueError(f"bounces: '{self.bounces}' is no domain; write bounces.example.com")


_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*[^\s?#/])?", re.IGNORECASE)


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long what is kept: raw records, and fields by purpose (trust PRV-53)."""

    raw: Calendar = "36mo"
    analytics: Calendar = "13mo"
    personalization: Calendar = "24mo"
    marketing: Calendar = "24mo"

    @property
    def raw_us(self) -> int:
        return calendar_us(self.raw)


class QuietHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[start, end)` of the person's local day in which no marketing message leaves; it may cross
    midnight (journeys E52).
    """

    start: Annotated[str, Meta(examples=["21:00"])]
    end: Annotated[str, Meta(examples=["08:00"])]

    def __post_init__(self) -> None:
        for name, text in (("start", self.start), ("end", self.end)):
            if minutes_of(text) is None:
                raise ValueError(f"{name}: '{text}' is no time of day; write 21:00")

    @property
    def minutes(self) -> tuple[int, int]:
        return minutes_of(self.start) or 0, minutes_of(self.end) or 0


class MessageCapRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At most `max` messages; `per` day and week are the person's calendar (journeys E53). Only for
    those for whom the condition `when` holds, if there is one.
    """

    max: Annotated[int, Meta(ge=1, le=10_000)]
    per: Annotated[str, Meta(pattern=r"^(day|week|[1-9][0-9]{0,4}(m|h|d|w))$", examples=["24h"])]
    channel: Literal["any", "email", "push", "sms", "webhook"] = "any"
    window: Literal["calendar", "rolling"] | None = None
    when: str | None = None

    def __post_init__(self) -> None:
        is_calendar = self.per in {"day", "week"}
        if self.window == "calendar" and not is_calendar:
            raise ValueError(f"per: '{self.per}' is no day or week; a calendar window is one")
        if self.window == "rolling" and is_calendar:
            raise ValueError(f"per: write 24h or 7d for a rolling window, not '{self.per}'")


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How often and when people are met: `caps` as a list limits what is shown to them (decisions
    D4), as a map it names limits of messages; `exposures` is the list beside such a map.
    """

    caps: tuple[Cap, ...] | dict[str, MessageCapRule] = ()
    exposures: tuple[Cap, ...] = ()
    categories: dict[str, tuple[Cap, ...]] = {}
    quiet: QuietHours | None = None

    @property
    def shown(self) -> ContactPolicy:
        listed = self.caps if isinstance(self.caps, tuple) else ()
        return ContactPolicy((*listed, *self.exposures), self.categories)

    @property
    def messages(self) -> dict[str, MessageCapRule]:
        return self.caps if isinstance(self.caps, dict) else {}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `journeyfold.yaml`."""

    name: Annotated[
        str, Meta(pattern="^[a-z0-9][a-z0-9_-]{0,62}$", examples=["shop"], description="a slug")
    ]
    description: str = ""
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$", examples=["EUR"])] = "EUR"
    time_zone: Annotated[str, Meta(examples=["Europe/Berlin"])] = "UTC"
    locale: Annotated[str, Meta(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", examples=["en"])] = "en"
    clock: Clock = Clock()
    durability: Literal["fsync", "os"] = "fsync"
    encryption: Literal["log", "none"] = "log"
    disk: Disk = Disk()
    server: Server = Server()
    retention: Retention = Retention()
    privacy: PrivacySettings = PrivacySettings()
    contact: Contact = Contact()
    email: EmailSettings = EmailSettings()
    alerts: Alerts = Alerts()

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(
                f"time_zone: '{self.time_zone}' is no time zone; write Europe/Berlin or UTC"
            ) from None


def calendar_us(text: str) -> int:
    """`13mo` or `30d` → microseconds; a month counts a twelfth of a year of 365 days."""
    if text.endswith("mo"):
        return int(text[:-2]) * MONTH_US
    return duration_us(text) or 0
