"""Files of a pattern, one after the other, each with a cursor of its own (`csv: crm/*.csv`).

They are read in the order of their names. What was read whole and has not changed since is passed
by, so tomorrow's file is all that tomorrow's import reads; a changed file is read again, and the log
knows its old rows. A file that cannot be read does not stop those behind it.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from journeyfold.collect.admit import Gate
from journeyfold.collect.child import ImportFailed
from journeyfold.collect.position import (
    Resolve,
    decoded,
    fingerprint_of_file,
    mapping_fingerprint,
)
from journeyfold.collect.reconciliation import EXAMPLES_MAX, Reason, Reconciliation
from journeyfold.sources.inventory import Source

FILES_MAX = 100_000
SENTENCES_MAX = 3  # of files that could not be read
CursorOf = Callable[[str], bytes | None]
"""The cursor of one of the files, by its name."""
RunOne = Callable[[Gate, str, bytes | None, int | None, int], Reconciliation]
"""(gate of this file, its name, its cursor, rows that may still be read, rows before it)."""


class File(msgspec.Struct, frozen=True):
    """`name` is the path below the pattern's fixed part: it stays when the folder moves."""

    path: Path
    name: str


def files_of(source: Source, directory: Path, resolve: Resolve) -> list[File] | None:
    """In the order of their names; None where `read` names a single file or none.

    Raises:
        ImportFailed: no file fits the pattern, or far too many do.
    """
    read = source.read
    text = read.file if read is not None else None
    if read is None or text is None or not glob.has_magic(text):
        return None
    pattern = directory / resolve(text)
    if pattern.is_file():
        return None
    base = next(each for each in pattern.parents if not glob.has_magic(str(each)))
    found = [path for path in base.glob(str(pattern.relative_to(base))) if path.is_file()]
    named = [File(path, path.relative_to(base).as_posix()) for path in found]
    files = sorted((each for each in named if not _is_hidden(each)), key=lambda each: each.name)
    if not files:
        raise ImportFailed(source.source, "file", f"no file fits {pattern}")
    if len(files) > FILES_MAX:
        raise ImportFailed(
            source.source, "file", f"{len(files)} files fit {pattern}; {FILES_MAX} may"
        )
    return files


def _is_hidden(file: File) -> bool:
    """What is being written often begins with a dot until it is whole."""
    return any(part.startswith(".") for part in Path(file.name).parts)


def run_folder(
    gate: Gate, files: Sequence[File], cursor_of: CursorOf, run_one: RunOne,
    *, limit: int | None, anew: bool, dry_run: bool,
) -> Reconciliation:  # fmt: skip
    """`anew` reads files again that were read whole before.

    Raises:
        ImportFailed: in the end, with a sentence a file; the others are in the log.
    """
    done: list[tuple[str, Reconciliation]] = []
    failures: list[tuple[str, ImportFailed]] = []
    for file, own, cursor in _due(gate, files, cursor_of, anew=anew):
        seen = sum(account.rows_read for _, account in done)
        if limit is not None and seen >= limit:
            break
        rest = None if limit is None else limit - seen
        try:
            done.append((file.name, run_one(own, file.name, cursor, rest, seen)))
        except ImportFailed as failed:
            failures.append((file.name, failed))
    if failures:
        told = "; ".join(f"{name}: {each.sentence}" for name, each in failures[:SENTENCES_MAX])
        sentence = f"{len(failures)} of {len(files)} files were not imported: {told}"
        raise ImportFailed(gate.source.source, failures[0][1].reason, sentence)
    return together(gate.source.source, done, dry_run=dry_run)


def together(
    source: str, accounts: Sequence[tuple[str, Reconciliation]], *, dry_run: bool
) -> Reconciliation:
    """One account of several files; examples say which file they are of."""
    reasons: dict[tuple[str, str], Reason] = {}
    for _, account in accounts:
        for each in account.reasons:
            known = reasons.get((each.fate, each.reason), Reason(each.fate, each.reason, 0, 0))
            reasons[each.fate, each.reason] = msgspec.structs.replace(
                each, units=known.units + each.units, rows=known.rows + each.rows
            )
    examples = [
        msgspec.structs.replace(
            each, detail=f"{name}: {each.detail.removeprefix(f'{name}: ')}".removesuffix(": ")
        )
        for name, account in accounts
        for each in account.examples
    ]
    counted = {
        key: sum(getattr(account, key) for _, account in accounts)
        for key in (
            "rows_read", "rows_in_events", "rows_quarantined", "rows_filtered", "rows_before",
            "units", "appended", "duplicate", "quarantined", "rejected", "filtered",
        )
    }  # fmt: skip
    is_whole = all(account.status == "complete" for _, account in accounts)
    return Reconciliation(
        source=source, status="complete" if is_whole else "limited", dry_run=dry_run, **counted,
        reasons=tuple(reasons[key] for key in sorted(reasons)),
        examples=tuple(examples[:EXAMPLES_MAX]),
    )  # fmt: skip


def _due(
    gate: Gate, files: Sequence[File], cursor_of: CursorOf, *, anew: bool
) -> Iterator[tuple[File, Gate, bytes | None]]:
    """Each file to read, with a gate that reads it and its cursor."""
    read = gate.source.read
    assert read is not None, "files come of `read`"
    for file in files:
        one = msgspec.structs.replace(read, **{read.format: str(file.path)})
        source = msgspec.structs.replace(gate.source, read=one)
        cursor = cursor_of(file.name)
        prior = decoded(cursor)
        if not anew and prior is not None and prior.is_complete:
            is_same_mapping = prior.mapping == mapping_fingerprint(source)
            if is_same_mapping and prior.file == fingerprint_of_file(file.path):
                continue
        yield file, msgspec.structs.replace(gate, source=source), cursor
