"""How many values cleaning changed and could not read, by source, field and cleaner (quality Q17).

A row of the space `count` is a whole number under `clean/` and, between zero bytes, the source, the
field, the cleaner and the state. A row without a cleaner counts the values that were seen. Under
`miss/` stand values that no taxonomy has. When the steps change, history is cleaned again and all
is counted anew.
"""

from __future__ import annotations

import msgspec

from journeyfold.core.event import Json
from journeyfold.core.ports import StateReader, StateWriter
from journeyfold.quality.steps import Counted, Outcome

TAXONOMY = "taxonomy"
TEXT_MAX = 100  # characters of a miss
MISSES_MAX = 1_000  # of one field of a source; those seen first
_PREFIX, _AFTER = b"clean/", b"clean0"
_MISS, _AFTER_MISS = b"miss/", b"miss0"


class Tally(msgspec.Struct, frozen=True):
    """One line of what is shown: `seen` values of the field, and what one cleaner made of them."""

    source: str
    field: str
    cleaner: str
    seen: int
    changed: int
    failed: int


class Miss(msgspec.Struct, frozen=True):
    """A value that stands in no term of a field's taxonomy, and how often it came."""

    source: str
    field: str
    value: str
    seen: int


class CleanedCounts:
    """Gathers between flushes; `flush` adds to the rows, `forget` drops what was gathered."""

    def __init__(self) -> None:
        self._gathered: dict[Counted, int] = {}
        self._misses: dict[tuple[str, str, str], int] = {}

    def note(self, sent: Json, outcome: Outcome) -> None:
        gathered = self._gathered
        for each in outcome.counted:
            gathered[each] = gathered.get(each, 0) + 1
        if outcome.state == "failed" and outcome.cleaner == TAXONOMY and isinstance(sent, str):
            last = outcome.counted[-1]
            missed = last.source, last.field, " ".join(sent.split())[:TEXT_MAX]
            self._misses[missed] = self._misses.get(missed, 0) + 1

    def flush(self, writer: StateWriter) -> None:
        for counted, by in self._gathered.items():
            key = _PREFIX + "\0".join(counted).encode()
            held = int.from_bytes(writer.get("count", key) or b"", "big")
            writer.put("count", key, (held + by).to_bytes(8, "big"))
        self._gathered.clear()
        for missed, by in self._misses.items():
            _add_miss(writer, missed, by)
        self._misses.clear()

    def start_again(self, writer: StateWriter) -> None:
        """History is about to be cleaned again: nothing was counted so far."""
        self._gathered.clear()
        for key, _ in list(writer.scan("count", _PREFIX, _AFTER)):
            writer.delete("count", key)
        self.forget_misses(writer)

    def forget_misses(self, writer: StateWriter) -> None:
        """Somebody was erased, and a miss is text they may have written."""
        self._misses.clear()
        for key, _ in list(writer.scan("count", _MISS, _AFTER_MISS)):
            writer.delete("count", key)

    def forget(self) -> None:
        self._gathered.clear()
        self._misses.clear()


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


def misses(reader: StateReader) -> list[Miss]:
    """By source and field, most frequent first."""
    found = []
    for key, value in reader.scan("count", _MISS, _AFTER_MISS):
        source, field, text = key[len(_MISS) :].decode().split("\0", 2)
        if text:
            found.append(Miss(source, field, text, int.from_bytes(value, "big")))
    return sorted(found, key=lambda miss: (miss.source, miss.field, -miss.seen, miss.value))


def _add_miss(writer: StateWriter, missed: tuple[str, str, str], by: int) -> None:
    """The row without a text counts the texts of its field, so that they stay a list to read."""
    source, field, text = missed
    key, counter = (
        _MISS + f"{source}\x00{field}\x00{each}".encode(errors="replace") for each in (text, "")
    )
    held = writer.get("count", key)
    if held is None and text:
        known = int.from_bytes(writer.get("count", counter) or b"", "big")
        if known >= MISSES_MAX:
            return
        writer.put("count", counter, (known + 1).to_bytes(8, "big"))
    if text:
        writer.put("count", key, (int.from_bytes(held or b"", "big") + by).to_bytes(8, "big"))
