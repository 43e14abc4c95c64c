"""External merge sort of rows by their group keys, in bounded memory (collect C41)."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self, TypeAlias

import msgspec

from journeyfold.collect.line import BadLine, Row

RUN_ROWS = 200_000
_Keyed: TypeAlias = tuple[bytes, int, tuple[object, ...]]

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(tuple[bytes, int, tuple[object, ...]]).decode


class SortedRuns:
    """Sorts by (encoded keys, line): equal keys stand together, in the order of the file.

    Up to `RUN_ROWS` rows are held; beyond that sorted runs go to unnamed temporary files.
    """

    def __init__(self, run_rows: int = RUN_ROWS) -> None:
        self._run_rows = run_rows
        self._files: list[IO[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files:
            file.close()

    def sorted(self, rows: Iterable[Row | BadLine], keys: Sequence[int]) -> Iterator[Row | BadLine]:
        """Bad lines come first, as they are found; then every row in order."""
        held: list[_Keyed] = []
        for row in rows:
            if isinstance(row, BadLine):
                yield row
                continue
            line, values = row
            held.append((_encode([values[index] for index in keys]), line, values))
            if len(held) >= self._run_rows:
                self._spill(held)
                held = []
        held.sort(key=_place)
        runs = [_read(file) for file in self._files]
        for _, line, values in heapq.merge(*runs, held, key=_place):
            yield line, values

    def _spill(self, held: list[_Keyed]) -> None:
        held.sort(key=_place)
        file = TemporaryFile()  # noqa: SIM115 - closed by __exit__, after the merge has read it
        self._files.append(file)
        for keyed in held:
            body = _encode(keyed)
            file.write(len(body).to_bytes(4, "big") + body)
        file.seek(0)


def _place(keyed: _Keyed) -> tuple[bytes, int]:
    return keyed[0], keyed[1]


def _read(file: IO[bytes]) -> Iterator[_Keyed]:
    while head := file.read(4):
        yield _decode(file.read(int.from_bytes(head, "big")))
