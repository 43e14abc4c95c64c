"""May this message go to this person now? The gates of a send, in order (journeys E50-E54).

Suppressed, consent, holdout, address, expired, quiet hours, cap: the first that refuses says so,
and whether the message is skipped or waits. One person is folded serially, so two journeys cannot
both take the last slot of a cap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, Protocol

import msgspec

from journeyfold.core import localtime
from journeyfold.core.chance import draw_64
from journeyfold.core.instant import DAY_US, MINUTE_US
from journeyfold.core.profile import Contact, Profile
from journeyfold.journey.step import Channel, Delivery

JITTER_US = 15 * MINUTE_US  # after quiet hours not everybody is written to at once
SENT = "sent"
WEEK_DAYS = 7
Gate = Literal["suppressed", "consent", "holdout", "address", "expired", "quiet", "cap"]


class MessageCap(msgspec.Struct, frozen=True):
    """At most `max` messages of a channel (`any` of all) in a window of the person's time."""

    name: str
    max: int
    channel: str = "any"
    window_us: int = 0  # rolling; 0 where `calendar` says day or week
    calendar: Literal["", "day", "week"] = ""
    when: Callable[[Profile, int], bool] | None = None

    @property
    def longest_us(self) -> int:
        """How far back it looks at most; a local day may have 25 hours."""
        days = {"": 0, "day": 2, "week": WEEK_DAYS + 1}[self.calendar]
        return self.window_us or days * DAY_US


class Quiet(msgspec.Struct, frozen=True):
    """`[start, end)` in minutes after local midnight."""

    start: int
    end: int


class Reader(Protocol):
    """What the gates ask of a person, by whoever owns the answer."""

    def zone(self, profile: Profile) -> str: ...
    def consents(self, profile: Profile, purpose: str, channel: str) -> bool: ...
    def is_suppressed(self, profile: Profile, channel: str) -> bool: ...
    def has_address(self, profile: Profile, channel: str) -> bool: ...


class Message(msgspec.Struct, frozen=True):
    """A send with its journey's policy applied; `key` is the id of the effect (E80)."""

    key: str
    channel: Channel
    purpose: str
    is_marketing: bool = True
    is_held_out: bool = False
    caps: tuple[str, ...] = ()
    has_quiet_hours: bool = True
    on_quiet: Literal["hold", "skip"] = "hold"
    on_cap: Literal["hold", "skip"] = "skip"
    expires_us: int = 0  # instant; 0 = never
    delivery: Delivery = "at_least_once"


class Refusal(msgspec.Struct, frozen=True):
    """`until_us` 0: the message is skipped; else it is looked at again then."""

    gate: Gate
    detail: str = ""
    until_us: int = 0


class Limits:
    """The contact policy of a project: quiet hours and caps, over one reader."""

    def __init__(self, reader: Reader, quiet: Quiet | None, caps: Iterable[MessageCap]) -> None:
        self.reader, self._quiet = reader, quiet
        self._caps: Mapping[str, MessageCap] = {cap.name: cap for cap in caps}
        self.longest_us = max((cap.longest_us for cap in self._caps.values()), default=0)

    def refusal(self, message: Message, profile: Profile, now_us: int) -> Refusal | None:
        """None when the message may go."""
        reader = self.reader
        if reader.is_suppressed(profile, message.channel):
            return Refusal("suppressed")
        if not reader.consents(profile, message.purpose, message.channel):
            return Refusal("consent", message.purpose)
        if message.is_held_out and message.is_marketing:
            return Refusal("holdout")
        if not reader.has_address(profile, message.channel):
            return Refusal("address", message.channel)
        if message.expires_us and now_us >= message.expires_us:
            return Refusal("expired")
        if not message.is_marketing:
            return None
        return self._quiet_now(message, profile, now_us) or self._capped(message, profile, now_us)

    def take_slot(self, message: Message, profile: Profile, offer: str, now_us: int) -> None:
        """A message that goes counts, transactional ones too; its key makes it count once."""
        taken = Contact(
            message.key, SENT, now_us, message.channel, offer, ",".join(sorted(message.caps))
        )
        profile.contacts = [*profile.contacts, taken]

    def quiet_until(self, profile: Profile, key: str, now_us: int) -> int:
        """When a message may go that quiet hours hold back now, with its jitter; else 0."""
        if self._quiet is None:
            return 0
        zone = self.reader.zone(profile)
        ended = localtime.window_end(now_us, self._quiet.start, self._quiet.end, zone)
        return 0 if ended is None else ended + _jitter_us(key)

    def _quiet_now(self, message: Message, profile: Profile, now_us: int) -> Refusal | None:
        until_us = message.has_quiet_hours and self.quiet_until(profile, message.key, now_us)
        if not until_us:
            return None
        zone = self.reader.zone(profile)
        if message.on_quiet == "skip":
            return Refusal("quiet", zone)
        return _held("quiet", zone, until_us, message)

    def _capped(self, message: Message, profile: Profile, now_us: int) -> Refusal | None:
        for name in message.caps:
            cap = self._caps[name]
            if cap.channel not in {"any", message.channel}:
                continue
            if cap.when is not None and not cap.when(profile, now_us):
                continue
            free_us = self._free_us(cap, profile, now_us)
            if free_us > now_us:
                if message.on_cap == "skip":
                    return Refusal("cap", name)
                return _held("cap", name, free_us, message)
        return None

    def _free_us(self, cap: MessageCap, profile: Profile, now_us: int) -> int:
        """The first instant from now on at which a slot is free (E53)."""
        taken = sorted(
            contact.at_us
            for contact in profile.contacts
            if contact.kind == SENT
            and cap.name in contact.category.split(",")
            and cap.channel in {"any", contact.placement}
        )
        if cap.window_us:
            within = [at for at in taken if now_us - cap.window_us < at <= now_us]
            return now_us if len(within) < cap.max else within[-cap.max] + cap.window_us
        zone = self.reader.zone(profile)
        is_day = cap.calendar == "day"
        since = localtime.day_start if is_day else localtime.week_start
        begun_us = since(now_us, zone)
        if sum(begun_us <= at <= now_us for at in taken) < cap.max:
            return now_us
        following = localtime.next_day_start if is_day else localtime.next_week_start
        return following(now_us, zone)


def _held(gate: Gate, detail: str, until_us: int, message: Message) -> Refusal:
    """What would go too late is not held at all."""
    if message.expires_us and until_us >= message.expires_us:
        return Refusal("expired", f"{gate} until later")
    return Refusal(gate, detail, until_us)


def _jitter_us(key: str) -> int:
    return (draw_64("jitter", "quiet", key) * JITTER_US) >> 64
