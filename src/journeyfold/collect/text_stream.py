"""Bytes of a text file as UTF-8 lines of bounded length: plain, gzipped or in UTF-16 (collect C40).

What is compressed is expanded as it is read, so a bomb costs time and no memory; what is not text in
the encoding that was declared stays recognisable, and costs its own row.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from journeyfold.collect.line import WrongFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 1 << 20
EXPANDED_FREE, EXPANSION_MAX = (
    256 << 20,
    300,
)  # beyond so many bytes, at most so many times the file
_GZIP = b"\x1f\x8b"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_KNOWN = {
    b"PK\x03\x04": "a workbook or a zip archive",
    b"PAR1": "a Parquet file",
    b"Obj\x01": "an Avro file",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "a database",
}


def open_stream(path: Path, encoding: str, stack: ExitStack) -> BinaryIO:
    """`readline(limit)` gives lines of UTF-8; in any other encoding than UTF-16, of that one."""
    file = stack.enter_context(path.open("rb"))
    head = file.read(16)
    file.seek(0)
    stream: BinaryIO = file
    if head.startswith(_GZIP):
        expanded = _Expanded(file, path)
        stream = cast("BinaryIO", io.BufferedReader(expanded, CHUNK))
        head = expanded.first()
    if encoding == "utf-16":
        return cast("BinaryIO", io.BufferedReader(_Recoded(stream), CHUNK))
    if head.startswith(_UTF_16):
        raise WrongFile(f"{path.name} is written in UTF-16; write `encoding: utf-16` under `read`")
    for magic, kind in _KNOWN.items():
        if head.startswith(magic):
            raise WrongFile(f"{path.name} is {kind}, not text; `read` names the kind of file")
    return stream


def is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP


class _Expanded(io.RawIOBase):
    """A gzipped file; one that ends too early, or expands beyond reason, is wrong."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._name = gzip.GzipFile(fileobj=file), path.name
        self._limit = max(EXPANDED_FREE, path.stat().st_size * EXPANSION_MAX)
        self._given = 0
        self._ahead = b""

    def readable(self) -> bool:
        return True

    def first(self) -> bytes:
        """The first bytes, which are read once more."""
        self._ahead = self._read(16)
        return self._ahead

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        part, self._ahead = self._ahead, b""
        part = part or self._read(len(view))
        view[: len(part)] = part
        return len(part)

    def _read(self, size: int) -> bytes:
        try:
            part = self._file.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            why = f"{self._name} ends or breaks after {self._given} bytes expanded"
            raise WrongFile(f"{why}; was it still being written? ({error})") from None
        self._given += len(part)
        if self._given > self._limit:
            raise WrongFile(
                f"{self._name} expands to more than {EXPANSION_MAX} times its size, as no file of "
                "rows does; expand it yourself if it is meant"
            )
        return part


class _Recoded(io.RawIOBase):
    """UTF-16 as UTF-8. What is no text becomes bytes that are no UTF-8 either, in the same line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-16")("surrogatepass")
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        while not self._ready:
            raw = self._stream.read(CHUNK)
            self._ready = self._recoded(raw)
            if not raw:
                break
        part, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(part)] = part
        return len(part)

    def _recoded(self, raw: bytes) -> bytes:
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError:  # half a character at the end
            self._decoder.reset()
            return b"\xff"
        return text.encode("utf-8", "surrogatepass")
