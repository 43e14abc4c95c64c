"""Opening state that may be missing, damaged or an older release's: say so, so that it can be
rebuilt from the log.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

import lmdb
import msgspec

from journeyfold.adapters.durable_file import sync_directory
from journeyfold.adapters.faults import point
from journeyfold.adapters.format import LAYOUT
from journeyfold.adapters.lmdb_state import DIRECTORY_NAME, LmdbState, Mode, structure_problems
from journeyfold.core.errors import DamageError, EngineError
from journeyfold.core.ports import SPACES

OLD_NAME = f"{DIRECTORY_NAME}.old"


class Damage(msgspec.Struct, frozen=True):
    """Why there is no state to open: none was ever written, its bytes are not what was, or an
    older release built it and a rebuild would not give the same.
    """

    reason: Literal["missing", "corrupt", "outdated"]
    detail: str


def open_state(directory: Path, mode: Mode = "write") -> LmdbState | Damage:
    """The state of a data directory, or what is wrong with it; nothing is created.

    FormatError for a newer release's. `LmdbState(directory / "state.lmdb")` makes a new one.
    """
    path = directory / DIRECTORY_NAME
    pages = path / "data.mdb"
    if not pages.exists():
        return Damage("missing", f"{path} is not there")
    if not pages.stat().st_size:  # LMDB would take it for a new one
        return Damage("corrupt", f"{pages} is empty")
    try:
        state = LmdbState(path, mode)
    except DamageError as error:
        return Damage("corrupt", str(error))
    except lmdb.Error as error:
        # LMDB has many words for "this is not mine"; some are the system's, not the file's.
        if problems := structure_problems(path):
            return Damage("corrupt", problems[0])
        raise EngineError(f"{path} cannot be opened: {error}") from error
    if state.layout < LAYOUT:
        state.close()
        return Damage("outdated", f"{path} has layout {state.layout}, this release's is {LAYOUT}")
    return state


def verify_state(directory: Path) -> list[str]:
    """What is wrong with a state nobody writes to: its structure, then the first bad value."""
    if problems := structure_problems(directory / DIRECTORY_NAME):
        return problems
    state = open_state(directory, "read")
    if isinstance(state, Damage):
        return [state.detail]
    try:
        with state.read() as reader:
            for space in SPACES:
                for _ in reader.scan(space):
                    pass
    except DamageError as error:
        return [str(error)]
    finally:
        state.close()
    return []


def set_aside(directory: Path) -> Path:
    """Move the state out of the way, keeping it for whoever wants to know; returns where to."""
    path = directory / DIRECTORY_NAME
    number = 1
    while (aside := directory / f"{DIRECTORY_NAME}.damaged-{number}").exists():
        number += 1
    path.rename(aside)
    sync_directory(directory)
    return aside


def discard(directory: Path) -> None:
    """Remove a state that nobody can use any more; nothing in it is not in the log."""
    path = directory / DIRECTORY_NAME
    old = directory / OLD_NAME
    shutil.rmtree(old, ignore_errors=True)
    path.rename(old)
    sync_directory(directory)
    shutil.rmtree(old)


def put_in_place(directory: Path, beside: Path) -> None:
    """Make another state the one in force. Killed half-way there is none: it is rebuilt."""
    path = directory / DIRECTORY_NAME
    old = directory / OLD_NAME
    shutil.rmtree(old, ignore_errors=True)  # of one that was killed
    path.rename(old)
    point("mid_state_swap")
    beside.rename(path)
    sync_directory(directory)
    shutil.rmtree(old)
