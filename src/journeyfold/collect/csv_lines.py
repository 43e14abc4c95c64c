"""CSV, line by line, from bytes nobody vouches for (collect C44, trust SEC-18).

Every physical line of the file ends up in exactly one record or one `BadLine` with its number.
A torn quote costs its own line only: when a quoted field does not close within reach, or closes
into something that is no record, the first line is bad and reading goes on with the next.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from io import StringIO
from typing import BinaryIO

import msgspec

from journeyfold.collect.line import BadLine

LINE_MAX = 1 << 20  # SEC-18
COLUMNS_MAX = 2_000
SPAN_MAX = 100  # physical lines one quoted record may take
BOM = b"\xef\xbb\xbf"


class Record(msgspec.Struct, frozen=True):
    line: int
    values: list[str]


class CsvLines:
    """Iterates over `Record | BadLine`; `width` is set by the first record or by the caller."""

    def __init__(
        self, stream: BinaryIO, *, delimiter: str = ",", encoding: str = "utf-8", width: int = 0
    ) -> None:
        self._stream, self._delimiter, self._named = stream, delimiter, encoding
        self._encoding = "utf-8" if encoding == "utf-16" else encoding  # see text_stream
        self._ahead: deque[bytes] = deque()
        self._number = 0
        self._first = True
        self.width = width
        csv.field_size_limit(LINE_MAX)

    def __iter__(self) -> Iterator[Record | BadLine]:
        while raw := self._next_line():
            line = self._number
            if not raw.strip():
                continue
            found = self._record(line, raw)
            if isinstance(found, Record):
                self.width = self.width or len(found.values)
            yield found

    def _record(self, line: int, raw: bytes) -> Record | BadLine:
        if len(raw) > LINE_MAX:
            return BadLine(line, "line_too_long", f"longer than {LINE_MAX} bytes", "")
        text = self._decoded(raw)
        if text is None:
            return _bad(line, raw, "encoding", f"is not {self._named}, which `encoding` declares")
        if "\0" in text:
            return _bad(line, raw, "nul", "contains a NUL character")
        if '"' not in text:
            return self._fitting(line, raw, text.rstrip("\r\n").split(self._delimiter))
        return self._quoted(line, raw, text)

    def _quoted(self, line: int, raw: bytes, text: str) -> Record | BadLine:
        taken: list[bytes] = []
        while text.count('"') % 2 and len(taken) < SPAN_MAX and len(text) <= LINE_MAX:
            following = self._next_line()
            more = self._decoded(following) if following else None
            if following:
                taken.append(following)
            if not more or "\0" in more:
                break
            text += more
        values = _parsed(text, self._delimiter)
        fits = values is not None and (not self.width or len(values) == self.width)
        if values is not None and (fits or not taken):
            return self._fitting(line, raw, values)
        self._number -= len(taken)
        self._ahead.extendleft(reversed(taken))
        return _bad(line, raw, "torn_quote", "a quote opens and does not close")

    def _fitting(self, line: int, raw: bytes, values: list[str]) -> Record | BadLine:
        if len(values) > COLUMNS_MAX:
            return _bad(line, raw, "columns", f"has {len(values)} values; {COLUMNS_MAX} may be")
        if self.width and len(values) != self.width:
            return _bad(line, raw, "columns", f"has {len(values)} values, expected {self.width}")
        return Record(line, values)

    def _decoded(self, raw: bytes) -> str | None:
        try:
            return raw.decode(self._encoding)
        except UnicodeDecodeError:
            return None

    def _next_line(self) -> bytes:
        raw = self._ahead.popleft() if self._ahead else self._read_line()
        self._number += bool(raw)
        return raw

    def _read_line(self) -> bytes:
        raw = self._stream.readline(LINE_MAX + 1)
        if self._first:
            raw, self._first = raw.removeprefix(BOM), False
        if len(raw) > LINE_MAX:
            while rest := self._stream.readline(LINE_MAX):
                if rest.endswith(b"\n"):
                    break
        return raw


def _parsed(text: str, delimiter: str) -> list[str] | None:
    """The one record in `text`, or None when its quotes do not work out."""
    try:
        records = list(csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return records[0] if len(records) == 1 else None


def _bad(line: int, raw: bytes, code: str, detail: str) -> BadLine:
    return BadLine(line, code, f"line {line} {detail}", raw[:1000].decode("utf-8", "replace"))
