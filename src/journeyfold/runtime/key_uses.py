"""When each API key last opened something, as `keys list` and the settings page show it.

A request only writes down an instant in memory. The instants reach `admin.sqlite` from a thread, a
key at most once a minute a process, so no request waits for that file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from journeyfold.core.instant import MINUTE_US

KEEP_EVERY_US = MINUTE_US


class KeyUses:
    """One per serving process; `keep` is `AdminKeys.used`."""

    def __init__(self, keep: Callable[[Mapping[str, int]], None]) -> None:
        self._keep = keep
        self._seen: dict[str, int] = {}
        self._kept: dict[str, int] = {}

    def saw(self, key_id: str, at_us: int) -> None:
        """This key opened something just now."""
        self._seen[key_id] = at_us

    def due(self) -> dict[str, int]:
        """What is worth a write: keys not written before, or a minute ago."""
        return {
            key_id: at_us
            for key_id, at_us in self._seen.copy().items()
            if at_us - self._kept.get(key_id, -KEEP_EVERY_US) >= KEEP_EVERY_US
        }

    def keep(self, uses: Mapping[str, int]) -> None:
        """Write these; a use whose write fails is due again."""
        self._keep(uses)
        self._kept.update(uses)

    def close(self) -> None:
        """Write what was seen since the last time."""
        rest = {key: at_us for key, at_us in self._seen.items() if self._kept.get(key) != at_us}
        if rest:
            self.keep(rest)
