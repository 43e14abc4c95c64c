"""Rows gathered into what becomes one event: a group of equal keys, or a single row (collect C41)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec

from journeyfold.collect.line import BadLine, Rows, WrongFile
from journeyfold.core.event import Json
from journeyfold.sources.inventory import Source
from journeyfold.sources.missing import missing_columns

GROUP_ROWS_MAX = 20_000  # C11: members of an import's event
Values: TypeAlias = tuple[object, ...]


class Unit(msgspec.Struct):
    """`excess` rows beyond the limit were counted and dropped: the group cannot be an event."""

    line: int
    values: list[Values]
    excess: int = 0

    @property
    def rows(self) -> int:
        return len(self.values) + self.excess


class Past:
    """The cursor of collect C43: which units lie past it, and how far it has come.

    A unit is past the cursor when one of its rows is: a group is never read in part.
    """

    def __init__(self, column: int | None, key: int, after: tuple[Json, Json] | None) -> None:
        self._column, self._key, self._after = column, key, after
        self.highest: tuple[Json, Json] | None = after

    @classmethod
    def of(
        cls, source: Source, columns: Mapping[str, str], after: tuple[Json, Json] | None
    ) -> Past:
        cursor = source.cursor
        if cursor is None:
            return cls(None, 0, None)
        names = list(columns)
        missing = [name for name in (cursor.column, cursor.key) if name not in columns]
        if missing:
            raise WrongFile(missing_columns(missing, names, "the file (see `cursor`)"))
        return cls(names.index(cursor.column), names.index(cursor.key), after)

    def takes(self, unit: Unit) -> bool:
        """Whether the unit is read; remembers the highest pair either way."""
        if self._column is None:
            return True
        pairs = [self._pair(values) for values in unit.values]
        top = max((pair for pair in pairs if pair is not None), key=_order, default=None)
        if top is not None and (self.highest is None or _order(top) > _order(self.highest)):
            self.highest = top
        return self._after is None or top is None or _order(top) > _order(self._after)

    def _pair(self, values: Values) -> tuple[Json, Json] | None:
        assert self._column is not None
        column, key = values[self._column], values[self._key]
        if not isinstance(column, int | float | str):
            return None
        return column, key if isinstance(key, int | float | str) else None


def units_of(rows: Rows, group: Sequence[str], past: Past) -> Iterator[Unit | BadLine]:
    """Units in the order of the rows; bad lines pass through at their place."""
    singles = (row if isinstance(row, BadLine) else Unit(row[0], [row[1]]) for row in rows.stream)
    names = list(rows.columns)
    units = _grouped(singles, [names.index(name) for name in group]) if group else singles
    for unit in units:
        if isinstance(unit, BadLine) or past.takes(unit):
            yield unit


def _grouped(singles: Iterator[Unit | BadLine], keys: Sequence[int]) -> Iterator[Unit | BadLine]:
    current: Unit | None = None
    for single in singles:
        if isinstance(single, BadLine):
            yield single
            continue
        values = single.values[0]
        if current is None or any(values[key] != current.values[0][key] for key in keys):
            if current is not None:
                yield current
            current = single
        elif len(current.values) < GROUP_ROWS_MAX:
            current.values.append(values)
        else:
            current.excess += 1
    if current is not None:
        yield current


def _order(pair: tuple[Json, Json]) -> tuple[bool, Json, str]:
    """Numbers before text; the key is compared as text, which is enough to tell ties apart."""
    return isinstance(pair[0], str), pair[0], str(pair[1])
