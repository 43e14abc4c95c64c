"""Quarantine, tallies, cursors and numbers in memory: what `memory.MemoryLog` keeps beside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from journeyfold.core.ports import Cursor, FateName, Held
from journeyfold.log.conservation import Daily, Tally, total
from journeyfold.log.flags import PLACES_MAX, Flag
from journeyfold.log.quarantine import HeldCount, HeldGroup, HeldMessage, HeldState, grouped

DAY_MINUTES = 1440


class MemoryQuarantine:
    """`log.quarantine.Quarantine` in a dict."""

    def __init__(self) -> None:
        self._rows: dict[int, HeldMessage] = {}
        self._next_id = 1
        self._flagged: dict[tuple[str, str, str, str, str], list[int]] = {}

    def mark(self, flags: Iterable[Flag]) -> None:
        """Count what was let in with a mark."""
        for *key, at_us in flags:
            source, name, code, place, schema = map(str, key)
            full = len(self._flagged) >= PLACES_MAX
            known = (source, name, code, place, schema)
            where = (
                known if known in self._flagged or not full else (source, name, code, "", schema)
            )
            at = self._flagged.setdefault(where, [0, int(at_us), int(at_us)])
            at[:] = at[0] + 1, min(at[1], int(at_us)), max(at[2], int(at_us))

    def flagged(self) -> list[HeldGroup]:
        return grouped((*key, "flagged", *at) for key, at in self._flagged.items())  # type: ignore[misc]  # three numbers

    def hold(self, held: Held) -> None:
        """The same message twice is one row."""
        for row in self._rows.values():
            if row.state == "held" and row.held.same == held.same:
                return
        self._rows[self._next_id] = HeldMessage(self._next_id, "held", held)
        self._next_id += 1

    def leave(self, rows: Iterable[int], state: HeldState) -> int:
        left = [row for row in rows if row in self._rows and self._rows[row].state == "held"]
        for row in left:
            emptied = _emptied(self._rows[row].held)
            self._rows[row] = HeldMessage(row, state, emptied)
        return len(left)

    def page(
        self,
        *,
        source: str | None = None,
        code: str | None = None,
        state: HeldState = "held",
        after: int = 0,
        limit: int = 100,
    ) -> list[HeldMessage]:
        return [
            row
            for row in self._rows.values()
            if row.state == state
            and row.id > after
            and source in (None, row.held.source)
            and code in (None, row.held.code)
        ][:limit]

    def get(self, row: int) -> HeldMessage | None:
        return self._rows.get(row)

    def counts(self) -> list[HeldCount]:
        groups: dict[tuple[str, str], list[int]] = {}
        for row in self._rows.values():
            if row.state == "held":
                at = groups.setdefault((row.held.source, row.held.code), [])
                at.append(row.held.received_us)
        return [
            HeldCount(source, code, len(at), min(at), max(at))
            for (source, code), at in sorted(groups.items())
        ]

    def groups(self) -> list[HeldGroup]:
        return grouped(
            (held.source, held.name, held.code, held.pointer, held.schema, row.state, 1,
             held.received_us, held.received_us)
            for row in self._rows.values() for held in (row.held,)
        )  # fmt: skip

    def drop(self, rows: Sequence[int]) -> int:
        return self.leave(rows, "dropped")

    def prune(self, *, before_us: int, bytes_max: int) -> int:
        kept: dict[str, int] = {}
        surplus = []
        for row in reversed(self._rows.values()):
            if row.state != "held":
                continue
            kept[row.held.source] = kept.get(row.held.source, 0) + len(row.held.message)
            if row.held.received_us < before_us or kept[row.held.source] > bytes_max:
                surplus.append(row.id)
        return self.drop(surplus)


class MemoryMarks:
    """Tallies, cursors and named numbers."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[int, str], Tally] = {}
        self._cursors: dict[str, bytes] = {}
        self._numbers: dict[str, int] = {}

    def add(self, source: str, minute: int, counts: dict[FateName, int]) -> None:
        before = self._tallies.get((minute, source), Tally(source, minute))
        self._tallies[minute, source] = Tally(
            source,
            minute,
            before.received + sum(counts.values()),
            before.appended + counts.get("appended", 0),
            before.duplicate + counts.get("duplicate", 0),
            before.quarantined + counts.get("quarantined", 0),
            before.rejected + counts.get("rejected", 0),
        )

    def set_cursor(self, cursor: Cursor) -> None:
        self._cursors[cursor.name] = cursor.value

    def tallies(self, since_minute: int = 0) -> list[Tally]:
        return [
            tally for (minute, _), tally in sorted(self._tallies.items()) if minute >= since_minute
        ]

    def daily(self, since_day: int) -> list[Daily]:
        found: dict[tuple[int, str], Daily] = {}
        for tally in self.tallies(max(since_day, 0) * DAY_MINUTES):
            key = (tally.minute // DAY_MINUTES, tally.source)
            old = found.get(key, Daily(tally.source, key[0], 0, 0, 0, 0, 0))
            found[key] = Daily(
                tally.source, key[0], old.received + tally.received,
                old.appended + tally.appended, old.quarantined + tally.quarantined,
                old.rejected + tally.rejected, tally.minute,
            )  # fmt: skip
        return [each for _, each in sorted(found.items())]

    def totals(self) -> list[Tally]:
        sources = sorted({source for _, source in self._tallies})
        of = {name: [each for each in self.tallies() if each.source == name] for name in sources}
        return [total(of[name], name) for name in sources]

    def cursor(self, name: str) -> bytes | None:
        return self._cursors.get(name)

    def number(self, name: str) -> int | None:
        return self._numbers.get(name)

    def set_number(self, name: str, value: int) -> None:
        self._numbers[name] = value


def _emptied(held: Held) -> Held:
    """A message that has left quarantine keeps its reason, not its content."""
    return Held(
        source=held.source,
        message=b"",
        code=held.code,
        pointer=held.pointer,
        received_us=held.received_us,
        event_id=held.event_id,
        name=held.name,
        schema=held.schema,
        key_id=held.key_id,
        auth=held.auth,
        nodes=held.nodes,
    )
