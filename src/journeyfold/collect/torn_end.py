"""Is a text file still being written? Its last line then stops in the middle, without an end.

Asked before anything is read, so that half a file is refused whole instead of imported up to
where its writer happens to be.
"""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF16_BE
from collections.abc import Callable
from pathlib import Path

import msgspec

from journeyfold.collect.csv_lines import LINE_MAX
from journeyfold.collect.line import WrongFile
from journeyfold.collect.text_stream import is_packed

_QUOTED = re.compile(rb'"[^"]*"')


def require_whole_csv(path: Path, delimiter: str, width: int, encoding: str = "utf-8") -> None:
    """A last line that opens a quote for good, or has too few values, and no line end is torn.

    What may be the rest of a record that began on an earlier line, the reader judges.
    """
    separator = delimiter.encode()
    _require_whole(path, lambda tail: _is_torn(tail, separator, width), encoding)


def _is_torn(tail: bytes, separator: bytes, width: int) -> bool:
    first = tail.find(b'"')
    if first >= 0:
        opens = tail.startswith(b'"') or tail[:first].endswith(separator)
        if not opens or tail[first + 1 :].startswith(separator) or tail == b'"':
            return False  # it closes a value that began above
        if tail.count(b'"') % 2:
            return True
    return _QUOTED.sub(b"", tail).count(separator) + 1 < width


def require_whole_ndjson(path: Path) -> None:
    _require_whole(path, _is_no_json)


def _require_whole(path: Path, is_torn: Callable[[bytes], bool], encoding: str = "utf-8") -> None:
    if is_packed(path):
        return  # its own end says whether it is whole
    with path.open("rb") as file:
        order = "utf-16-be" if file.read(2) == BOM_UTF16_BE else "utf-16-le"
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LINE_MAX) // 2 * 2)
        end = file.read()
    if encoding == "utf-16":
        end = end.decode(order, "replace").encode("utf-8", "replace")
    before, newline, tail = end.rpartition(b"\n")
    if newline and before and tail.strip() and is_torn(tail):
        raise WrongFile(
            f"{path.name} stops in the middle of its last line; is it still being written? "
            "Import it when it is whole, or end that line to import it as it is"
        )


def _is_no_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    return False
