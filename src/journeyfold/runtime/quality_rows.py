"""Rows for rules: the log and the state as Parquet in a scratch directory, a piece at a time.

One reading of the log serves every dataset. A row holds only the columns that a rule names, as the
text a predicate would judge, and the answers of the rules' conditions, so that a scan and the door
mean the same. The files are gone with the run: they would otherwise be a copy of people's data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from journeyfold.core.event import Event, Json, Record
from journeyfold.core.instant import DAY_US
from journeyfold.core.ports import EventLog
from journeyfold.project.quality import Dataset
from journeyfold.quality.columns import canonical, columns_in, text_of, value_of
from journeyfold.quality.predicate import Test

PIECE, READ = 5_000, 2_000
COLUMNS_MAX = 2_000  # observed names kept for coverage
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIXED = (
    ("_at", pa.int64()), ("_id", pa.string()), ("_source", pa.string()), ("_day", pa.string()),
    ("_local_day", pa.string()), ("occurred_us", pa.int64()), ("received_us", pa.int64()),
    ("schema_errors", pa.int64()),
)  # fmt: skip


class Table:
    """A dataset on its way into a file: `column("traits.email")` and `test("r/when")` name its
    columns in SQL; `observed` are the columns that its events bring.
    """

    def __init__(
        self, dataset: Dataset, file: Path, columns: Iterable[str], tests: Mapping[str, Test]
    ) -> None:
        self.dataset, self.file, self.rows = dataset, file, 0
        self.observed: set[str] = set()
        self._names = list(dict.fromkeys(canonical(each) for each in columns))
        self._tests = list(tests)
        self._values = [value_of(name) for name in self._names]
        self._judges = list(tests.values())
        fields = [(f"c{at}", pa.string()) for at in range(len(self._names))]
        fields += [(f"t{at}", pa.bool_()) for at in range(len(self._tests))]
        self._schema = pa.schema([*_FIXED, *fields])
        self._piece: list[tuple[Any, ...]] = []
        self._writer = pq.ParquetWriter(file, self._schema)

    def column(self, name: str) -> str:
        if name == "day" and "day" not in self._names:
            return "_local_day"
        return f"c{self._names.index(canonical(name))}"

    def test(self, name: str) -> str:
        return f"t{self._tests.index(name)}"

    @property
    def predicates(self) -> dict[str, str]:
        return {name: f"t{at}" for at, name in enumerate(self._tests)}

    @property
    def sql(self) -> str:
        return f"read_parquet('{self.file}')"

    def add(self, offset: int, event: Event, day: str, local_day: str) -> None:
        if len(self.observed) < COLUMNS_MAX:
            self.observed.update(columns_in(event))
        self.put(
            (offset, event.id, event.source, day, local_day, event.occurred_us, event.received_us,
             _schema_errors(event)),
            [text_of(value(event)) for value in self._values],
            [judge(event) for judge in self._judges],
        )  # fmt: skip

    def put(
        self, fixed: tuple[Any, ...], texts: Sequence[str | None], answers: Sequence[bool | None]
    ) -> None:
        self._piece.append((*fixed, *texts, *answers))
        if len(self._piece) == PIECE:
            self._flush()

    def close(self) -> None:
        if self._piece:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        columns = list(zip(*self._piece, strict=True))
        arrays = [
            pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)
        ]  # fmt: skip
        self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
        self.rows += len(self._piece)
        self._piece = []


Watch = Callable[[Record], None]
"""Sees every record on the way: what needs more than a row of its own."""


def read_log(
    log: EventLog, tables: Sequence[Table], *, after: int, upto: int, since: str, zone: str,
    watches: Sequence[Watch] = (), progress: Callable[[int, int], None] = lambda _d, _t: None,
) -> None:  # fmt: skip
    """Every event with an offset in (after, upto] whose day is not before `since`."""
    by_name: dict[str, list[Table]] = {}
    by_source: dict[str, list[Table]] = {}
    for table in tables:
        group = by_name if table.dataset.kind == "event" else by_source
        group.setdefault(table.dataset.name, []).append(table)
    days = Days(zone)
    at = after
    while at < upto and (records := log.read(at, min(READ, upto - at))):
        for record in records:
            if record.kind != "event":
                continue
            event = record.event
            day = days.utc(event.occurred_us)
            if day < since:
                continue
            for watch in watches:
                watch(record)
            for table in (*by_name.get(event.name, ()), *by_source.get(event.source, ())):
                table.add(record.offset, event, day, days.local(event.occurred_us))
        at = records[-1].offset
        progress(at - after, upto - after)


class Days:
    """Instants as days; those of the project's zone are remembered by the hour."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._utc: dict[int, str] = {}
        self._local: dict[int, str] = {}

    def utc(self, at_us: int) -> str:
        number = at_us // DAY_US
        found = self._utc.get(number)
        if found is None:
            found = self._utc[number] = day_text(number)
        return found

    def local(self, at_us: int) -> str:
        """Zones change at quarters of an hour at the finest."""
        number = at_us // 900_000_000
        found = self._local.get(number)
        if found is None:
            try:
                here = (_EPOCH + timedelta(seconds=number * 900)).astimezone(self._zone)
                found = here.date().isoformat()
            except OverflowError:
                found = self.utc(at_us)
            self._local[number] = found
        return found


def day_text(number: int) -> str:
    """Days since 1970 → `2026-11-22`; an instant beyond all calendars has the last day of them."""
    return date.fromordinal(min(max(number + 719_163, 1), 3_652_059)).isoformat()


def offset_before(log: EventLog, at_us: int) -> int:
    """The last offset appended before an instant; -1 when there is none."""
    low, high = -1, log.head()[0]
    while low < high:
        middle = (low + high + 1) // 2
        (record,) = log.read(middle - 1, 1)
        if record.appended_us < at_us:
            low = middle
        else:
            high = middle - 1
    return low


def _schema_errors(event: Event) -> int:
    """What the tracking plan found wrong with an event that it let in (Q07); not what rules did."""
    quality = event.context.get("quality")
    errors = quality.get("errors") if isinstance(quality, dict) else None
    if not isinstance(errors, list):
        return 0
    return sum(not (isinstance(each, dict) and each.get("code") == "rule") for each in errors)


class TableRow(msgspec.Struct, frozen=True):
    """A row of a file, as conditions read it."""

    row: dict[str, Json]


def answered(
    rows: Iterator[Sequence[tuple[Any, ...]]], names: Sequence[str], tests: Mapping[str, Test]
) -> Iterator[list[list[bool | None]]]:
    """The answers of conditions over the rows of a file, a piece at a time."""
    for piece in rows:
        made = [TableRow(dict(zip(names, row, strict=True))) for row in piece]
        yield [[test(row) for test in tests.values()] for row in made]  # type: ignore[arg-type]
