"""Local times without an offset, read in a source's time zone (collect C42)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from journeyfold.core.instant import HOUR_US, SECOND_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - it is the naive one that is meant
_REMEMBERED = 100_000


class Zone:
    """Turns naive local microseconds into UTC.

    An ambiguous time is its first occurrence; one that the clock skipped is shifted forward by
    the gap. Both are what `fold=0` means (PEP 495): the offset before the transition holds.
    """

    def __init__(self, name: str) -> None:
        self._zone = ZoneInfo(name)
        self._offsets: dict[int, int | None] = {}

    def instant_us(self, local_us: int) -> int | None:
        """`local_us` counts from 1970-01-01T00:00 on the zone's own wall clock.

        None outside of the years 1 to 9999, which databases call infinity.
        """
        hour = local_us // HOUR_US
        if hour not in self._offsets:
            if len(self._offsets) >= _REMEMBERED:
                self._offsets.clear()
            self._offsets[hour] = self._steady(hour * HOUR_US)
        offset_us = self._offsets[hour]
        return self._converted(local_us) if offset_us is None else local_us - offset_us

    def _steady(self, from_us: int) -> int | None:
        """The offset all through an hour of the wall clock; None where it changes within."""
        until_us = from_us + HOUR_US - 1
        first, last = self._converted(from_us), self._converted(until_us)
        if first is None or last is None or until_us - last != from_us - first:
            return None
        return from_us - first

    def _converted(self, local_us: int) -> int | None:
        seconds, micros = divmod(local_us, SECOND_US)
        try:
            local = (_LOCAL_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=self._zone, fold=0)
            since = local.astimezone(UTC) - _EPOCH
        except OverflowError:
            return None
        return (since.days * 86_400 + since.seconds) * SECOND_US + micros


def read_instant_us(found: datetime | date, zone: Zone) -> int | None:
    """Of what a library has read: without an offset it is local, a day is its midnight."""
    if not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day)  # noqa: DTZ001 - a day is local
    is_local = found.tzinfo is None
    since = found - (_LOCAL_EPOCH if is_local else _EPOCH)
    micros = since // timedelta(microseconds=1)
    return zone.instant_us(micros) if is_local else micros
