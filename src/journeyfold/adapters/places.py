"""Places of addresses from an operator's MaxMind DB, the extra `geo` (collect C48).

One file for a process, mapped into memory and shared by all; a file that was replaced is taken up.
Country, region, city and time zone are read; of coordinates no more than the geocell.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyfold.collect.whereabouts import geocell_in
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json

if TYPE_CHECKING:
    import maxminddb

REMEMBERED = 20_000


class Places:
    """`find(address)` is the place as it will stand in a context, or None."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError for a file that is none, or without the extra."""
        self._path, self._lock = path, threading.Lock()
        self._load()

    def find(self, address: str) -> dict[str, Json] | None:
        found: dict[str, Json] | None = self._find(address)
        return dict(found) if found else None

    def refresh(self) -> None:
        """Takes up a file that was replaced; one that is damaged or gone leaves the old in use."""
        try:
            if _stamp(self._path) != self._stamp:
                self._load()
        except (OSError, UsageError):
            return

    def _load(self) -> None:
        with self._lock:
            self._stamp = _stamp(self._path)
            reader = _opened(self._path)
            self._find = lru_cache(maxsize=REMEMBERED)(_Lookup(reader, _provider(reader)))


class _Lookup:
    def __init__(self, reader: maxminddb.Reader, provider: str) -> None:
        self._reader, self._provider = reader, provider

    def __call__(self, address: str) -> dict[str, Json] | None:
        try:
            found = self._reader.get(address)
        except ValueError:  # no address, or one of IPv6 in a file of IPv4
            return None
        place = _place(found) if isinstance(found, dict) else {}
        return {**place, "by": self._provider} if place else None


def _place(found: dict[str, Any]) -> dict[str, Json]:
    """GeoIP2's names, which other makers of such files use too."""
    regions = found.get("subdivisions") or [{}]
    named: dict[str, Json] = {
        "country": _of(found, "country", "iso_code") or found.get("country_code"),
        "region": regions[0].get("iso_code") if isinstance(regions[0], dict) else None,
        "city": _of(found, "city", "names", "en"),
        "zone": _of(found, "location", "time_zone"),
    }
    spot = found.get("location")
    if isinstance(spot, dict):
        named["geocell"] = geocell_in(spot, None)
    return {key: value for key, value in named.items() if isinstance(value, str) and value}


def _of(found: object, *keys: str) -> Json:
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else None


def _opened(path: Path) -> maxminddb.Reader:
    try:
        import maxminddb
    except ImportError:
        raise UsageError(
            "reading places needs an extra; run: pip install 'journeyfold[geo]'"
        ) from None
    try:
        return maxminddb.open_database(str(path))
    except (OSError, maxminddb.InvalidDatabaseError) as error:
        raise UsageError(f"server.places: {path} cannot be read: {error}") from None


def _provider(reader: maxminddb.Reader) -> str:
    told = reader.metadata()
    built = datetime.fromtimestamp(told.build_epoch, tz=UTC).date().isoformat()
    return f"{told.database_type} {built}"


def _stamp(path: Path) -> tuple[int, int]:
    seen = path.stat()
    return seen.st_mtime_ns, seen.st_size
