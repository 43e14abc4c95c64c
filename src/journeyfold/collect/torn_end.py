"""Is a text file still being written? Its last line then stops in the middle, without an end.

Asked before anything is read, so that half a file is refused whole instead of imported up to
where its writer happens to be.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from journeyfold.collect.csv_lines import LINE_MAX
from journeyfold.collect.line import WrongFile


def require_whole_csv(path: Path, delimiter: str, width: int) -> None:
    """A last line with too few values and no line end is torn. One with quotes may be the rest of
    a record that began on an earlier line: the reader judges that.
    """
    separator = delimiter.encode()
    _require_whole(path, lambda tail: b'"' not in tail and tail.count(separator) + 1 < width)


def require_whole_ndjson(path: Path) -> None:
    _require_whole(path, _is_no_json)


def _require_whole(path: Path, is_torn: Callable[[bytes], bool]) -> None:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - LINE_MAX))
        before, newline, tail = file.read().rpartition(b"\n")
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
