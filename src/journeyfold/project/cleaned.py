"""How many values cleaning changed and could not read, by source, field and cleaner (quality Q17).

A row of the space `count` is a whole number under `clean/` and, between zero bytes, the source, the
field, the cleaner and the state. A row without a cleaner counts the values that were seen. When the
steps change, history is cleaned again and so are the counts.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from journeyfold.core.ports import StateReader, StateWriter
from journeyfold.quality.steps import Counted

_PREFIX = b"clean/"
_AFTER = b"clean0"


class Tally(msgspec.Struct, frozen=True):
    """One line of what is shown: `seen` values of the field, and what one cleaner made of them."""

    source: str
    field: str
    cleaner: str
    seen: int
    changed: int
    failed: int


class CleanedCounts:
    """Gathers between flushes; `flush` adds to the rows, `forget` drops what was gathered."""

    def __init__(self) -> None:
        self._gathered: dict[Counted, int] = {}

    def note(self, counted: Iterable[Counted]) -> None:
        gathered = self._gathered
        for each in counted:
            gathered[each] = gathered.get(each, 0) + 1

    def flush(self, writer: StateWriter) -> None:
        for counted, by in self._gathered.items():
            key = _PREFIX + "\0".join(counted).encode()
            held = int.from_bytes(writer.get("count", key) or b"", "big")
            writer.put("count", key, (held + by).to_bytes(8, "big"))
        self._gathered.clear()

    def start_again(self, writer: StateWriter) -> None:
        """History is about to be cleaned again: nothing was counted so far."""
        self._gathered.clear()
        for key, _ in list(writer.scan("count", _PREFIX, _AFTER)):
            writer.delete("count", key)

    def forget(self) -> None:
        self._gathered.clear()


def tallies(reader: StateReader) -> list[Tally]:
    """By source and field, in their order; a field whose values were all as wanted has one line."""
    counts: dict[tuple[str, str], dict[tuple[str, str], int]] = {}
    for key, value in reader.scan("count", _PREFIX, _AFTER):
        source, field, cleaner, state = key[len(_PREFIX) :].decode().split("\0")
        counts.setdefault((source, field), {})[cleaner, state] = int.from_bytes(value, "big")
    told = []
    for (source, field), found in sorted(counts.items()):
        seen = found.pop(("", "ok"), 0)
        for cleaner in sorted({name for name, _ in found}) or [""]:
            changed, failed = (found.get((cleaner, state), 0) for state in ("changed", "failed"))
            told.append(Tally(source, field, cleaner, seen, changed, failed))
    return told
