"""Which release's bytes a data directory holds: the file FORMAT (trust REL-25).

A directory of a newer format is refused and not touched. The log and the admin store are migrated.
The state has a number of its own, its layout, because it is never migrated: an older one is thrown
away and rebuilt from the log.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from journeyfold import __version__
from journeyfold.adapters.durable_file import write_durably
from journeyfold.core.errors import FormatError

FORMAT = 1
FILE_NAME = "FORMAT"

LAYOUT = 5
"""Of the structs the state holds: one more whenever they, or what the fold puts in them, change."""
LAYOUT_FIELDS = "aa78569cbac43914"
"""A digest of their fields, so that nobody forgets; `tests/project/test_layout.py` says the new."""


class Format(msgspec.Struct, frozen=True):
    format: int
    created_by: str
    features: tuple[str, ...] = ()


def open_format(directory: Path) -> Format:
    """The format of a data directory; a new directory gets ours. Raises FormatError."""
    path = directory / FILE_NAME
    if not path.exists():
        return _create(path)
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Format)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is not readable as a format file: {error}") from error
    check_format(found.format)
    if found.features:
        names = ", ".join(found.features)
        raise FormatError(f"data needs {names}, which this release does not have")
    return found


def check_format(found: int) -> None:
    """Refuse what a newer release wrote, in one sentence."""
    if found > FORMAT:
        raise FormatError(f"data is format {found}, this release reads up to {FORMAT}")


def check_layout(found: int) -> None:
    """Refuse a state that a newer release built."""
    if found > LAYOUT:
        raise FormatError(f"the state has layout {found}, this release reads up to {LAYOUT}")


def _create(path: Path) -> Format:
    made = Format(format=FORMAT, created_by=f"journeyfold {__version__}")
    write_durably(path, msgspec.json.encode(made) + b"\n", mode=0o644)
    return made
