"""`quality.sqlite`: what rules found, by rule, UTC day and source (quality Q12, Q15; ADR 33).

Results are derived data with a key: a run that is done again writes the same rows over the old
ones. A run is begun with its watermark before it looks, so one that was killed is taken up with the
same; the rows of a day are replaced in one transaction. Samples are sealed as the log's bodies are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from journeyfold.adapters.keyring import CLEAR, Keyring
from journeyfold.adapters.sqlite_file import connect, create, engine_errors, rows
from journeyfold.core.event import Json
from journeyfold.quality.result import Column, Found, OpenAlert, Point, Run

T = TypeVar("T")
FILE_NAME = "quality.sqlite"
PAGE_BYTES, CACHE_KIB, CHECKPOINT_PAGES = 4_096, 2_048, 1_000
SAMPLES = "quality"  # the kind samples are sealed as
SCHEMA = """
CREATE TABLE run(
  id TEXT PRIMARY KEY, at_us INTEGER NOT NULL, watermark INTEGER NOT NULL, since TEXT NOT NULL,
  dataset TEXT NOT NULL, project TEXT NOT NULL, state TEXT NOT NULL, ended_us INTEGER NOT NULL,
  seconds REAL NOT NULL, told BLOB NOT NULL
) STRICT;
CREATE TABLE result(
  ruleset TEXT NOT NULL, rule TEXT NOT NULL, source TEXT NOT NULL, day TEXT NOT NULL,
  run TEXT NOT NULL, at_us INTEGER NOT NULL, dimension TEXT NOT NULL, weight INTEGER NOT NULL,
  n INTEGER NOT NULL, bad INTEGER NOT NULL, status TEXT NOT NULL, watermark INTEGER NOT NULL,
  detail TEXT NOT NULL, key_id BLOB NOT NULL, nonce BLOB NOT NULL, samples BLOB NOT NULL,
  PRIMARY KEY(ruleset, rule, source, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX result_day ON result(day);
CREATE TABLE series(
  ruleset TEXT NOT NULL, rule TEXT NOT NULL, source TEXT NOT NULL, day TEXT NOT NULL,
  value REAL NOT NULL, PRIMARY KEY(ruleset, rule, source, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE coverage(
  ruleset TEXT NOT NULL, name TEXT NOT NULL, covered INTEGER NOT NULL, PRIMARY KEY(ruleset, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE alert(
  ruleset TEXT NOT NULL, rule TEXT NOT NULL, source TEXT NOT NULL, since_us INTEGER NOT NULL,
  day TEXT NOT NULL, muted INTEGER NOT NULL, PRIMARY KEY(ruleset, rule, source)
) STRICT, WITHOUT ROWID;
CREATE TABLE sending(
  key TEXT PRIMARY KEY, destination TEXT NOT NULL, channel TEXT NOT NULL, at_us INTEGER NOT NULL,
  said BLOB NOT NULL, attempt INTEGER NOT NULL, due_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""
_COLUMNS = (
    "ruleset, rule, source, day, run, at_us, dimension, weight, n, bad, status, watermark, "
    "detail, key_id, nonce, samples"
)


class Sending(msgspec.Struct, frozen=True):
    """An alert on its way, until it has arrived or is given up."""

    key: str
    destination: str
    channel: Literal["webhook", "mail"]
    at_us: int
    said: dict[str, Json]
    attempt: int = 0


class QualityStore:
    """One connection; any process. What a run writes of a ruleset is one transaction."""

    def __init__(self, directory: Path, keyring: Keyring) -> None:
        self._keyring = keyring
        self._connection = connect(directory / FILE_NAME, cache_kib=CACHE_KIB)
        with engine_errors(self._connection, FILE_NAME):
            create(self._connection, SCHEMA, page_bytes=PAGE_BYTES)
        self._connection.wal_autocheckpoint(CHECKPOINT_PAGES)

    def close(self) -> None:
        self._connection.close()

    # -- runs -----------------------------------------------------------------------------------

    def begin(self, run: Run) -> Run:
        """The run to do: this one, or the one like it that was begun and never ended."""
        with engine_errors(self._connection, FILE_NAME):
            self._connection.execute("BEGIN IMMEDIATE")
            left = rows(
                self._connection,
                f"SELECT {_RUN} FROM run WHERE state = 'running' AND dataset = ? AND since = ? "  # noqa: S608
                "AND project = ? ORDER BY at_us DESC LIMIT 1",
                (run.dataset, run.since, run.project),
            )
            if not left:
                self._put_run(run)
            self._connection.execute("COMMIT")
        return _run(left[0]) if left else run

    def end(self, run: Run) -> None:
        """Older runs that were never taken up again are over, too."""
        with engine_errors(self._connection, FILE_NAME):
            self._connection.execute("BEGIN IMMEDIATE")
            self._put_run(run)
            self._connection.execute(
                "UPDATE run SET state = 'given_up' WHERE state = 'running' AND at_us < ?",
                (run.at_us,),
            )
            self._connection.execute("COMMIT")

    def runs(self, limit: int = 50) -> list[Run]:
        """Newest first."""
        found = self._rows(f"SELECT {_RUN} FROM run ORDER BY at_us DESC, id LIMIT ?", (limit,))  # noqa: S608
        return [_run(row) for row in found]

    # -- results --------------------------------------------------------------------------------

    def replace(
        self, ruleset: str, since: str, found: Sequence[Found], points: Sequence[Point],
        columns: Iterable[Column], rules: Sequence[str],
    ) -> None:  # fmt: skip
        """What a run found of a ruleset from `since` on, instead of what is there. Results of
        `rules` that are no longer in it go; those of a rule that could not be run stay.
        """
        sealed = [self._row(ruleset, each) for each in found]
        failed = sorted({each.rule for each in found if each.status == "error"})
        kept, stay = (", ".join("?" * len(each)) or "''" for each in (rules, failed))
        with engine_errors(self._connection, FILE_NAME):
            self._connection.execute("BEGIN IMMEDIATE")
            for table in ("result", "series"):
                self._connection.execute(
                    f"DELETE FROM {table} WHERE ruleset = ? AND (rule NOT IN ({kept}) "  # noqa: S608
                    f"OR (day >= ? AND rule NOT IN ({stay})))",
                    (ruleset, *rules, since, *failed),
                )
            self._connection.execute(  # what was said of the last run alone
                "DELETE FROM result WHERE ruleset = ? "
                "AND (status = 'error' OR (status = 'empty' AND source = ''))",
                (ruleset,),
            )
            self._connection.execute("DELETE FROM coverage WHERE ruleset = ?", (ruleset,))
            self._connection.executemany(
                f"INSERT OR REPLACE INTO result({_COLUMNS}) VALUES ({', '.join('?' * 16)})",  # noqa: S608
                sealed,
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?)",
                [(ruleset, each.rule, each.source, each.day, each.value) for each in points],
            )
            self._connection.executemany(
                "INSERT OR REPLACE INTO coverage VALUES (?, ?, ?)",
                [(ruleset, each.name, int(each.is_covered)) for each in columns],
            )
            self._connection.execute("COMMIT")

    def results(self, *, since: str = "", ruleset: str = "", rule: str = "") -> list[Found]:
        """From a day on, by ruleset, rule, source and day."""
        wanted = "day >= ?" + " AND ruleset = ?" * bool(ruleset) + " AND rule = ?" * bool(rule)
        given = (since, *(each for each in (ruleset, rule) if each))
        found = self._rows(
            f"SELECT {_COLUMNS} FROM result WHERE {wanted} ORDER BY ruleset, rule, source, day",  # noqa: S608
            given,
        )
        return [self._found(row) for row in found]

    def known(self) -> set[tuple[str, str]]:
        """(ruleset, rule) of everything that was ever run."""
        found = self._rows("SELECT DISTINCT ruleset, rule FROM result")
        return {(str(ruleset), str(rule)) for ruleset, rule in found}

    def series(self, ruleset: str, rule: str) -> list[Point]:
        found = self._rows(
            "SELECT rule, source, day, value FROM series WHERE ruleset = ? AND rule = ? "
            "ORDER BY source, day",
            (ruleset, rule),
        )
        return [Point(*row) for row in found]

    def columns(self) -> dict[str, list[Column]]:
        told: dict[str, list[Column]] = {}
        for ruleset, name, covered in self._rows("SELECT ruleset, name, covered FROM coverage"):
            told.setdefault(ruleset, []).append(Column(name, bool(covered)))
        return told

    # -- alerts ---------------------------------------------------------------------------------

    def alerts(self) -> list[OpenAlert]:
        found = self._rows(
            "SELECT ruleset, rule, source, since_us, day, muted FROM alert "
            "ORDER BY since_us DESC, ruleset, rule, source"
        )
        return [_made(OpenAlert, (*row[:5], bool(row[5]))) for row in found]

    def open_alert(self, alert: OpenAlert) -> None:
        self._write(
            "INSERT OR REPLACE INTO alert VALUES (?, ?, ?, ?, ?, ?)",
            (alert.ruleset, alert.rule, alert.source, alert.since_us, alert.day, int(alert.muted)),
        )

    def close_alert(self, alert: OpenAlert) -> None:
        self._write(
            "DELETE FROM alert WHERE ruleset = ? AND rule = ? AND source = ?",
            (alert.ruleset, alert.rule, alert.source),
        )

    def queue(self, sending: Sending) -> None:
        """Once, however often it is asked for."""
        self._write(
            "INSERT OR IGNORE INTO sending VALUES (?, ?, ?, ?, ?, 0, 0)",
            (sending.key, sending.destination, sending.channel, sending.at_us,
             msgspec.json.encode(sending.said)),
        )  # fmt: skip

    def due(self, now_us: int) -> list[Sending]:
        found = self._rows(
            "SELECT key, destination, channel, at_us, said, attempt FROM sending "
            "WHERE due_us <= ? ORDER BY at_us, key LIMIT 100",
            (now_us,),
        )
        return [
            _made(Sending, (*row[:4], msgspec.json.decode(row[4]), row[5])) for row in found
        ]  # fmt: skip

    def sent(self, key: str) -> None:
        self._write("DELETE FROM sending WHERE key = ?", (key,))

    def again(self, key: str, attempt: int, due_us: int) -> None:
        self._write(
            "UPDATE sending SET attempt = ?, due_us = ? WHERE key = ?", (attempt, due_us, key)
        )

    def note(self, ruleset: str, found: Found) -> None:
        """One result instead of the one of its day, outside of a run."""
        self._write(
            f"INSERT OR REPLACE INTO result({_COLUMNS}) VALUES ({', '.join('?' * 16)})",  # noqa: S608
            self._row(ruleset, found),
        )

    # -- rows -----------------------------------------------------------------------------------

    def _put_run(self, run: Run) -> None:
        told = msgspec.json.encode(run.told)
        self._connection.execute(
            f"INSERT OR REPLACE INTO run({_RUN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (run.id, run.at_us, run.watermark, run.since, run.dataset, run.project, run.state,
             run.ended_us, run.seconds, told),
        )  # fmt: skip

    def _row(self, ruleset: str, found: Found) -> tuple[object, ...]:
        body = msgspec.json.encode(found.samples)
        key_id, nonce, sealed = CLEAR, b"", body
        if found.samples:
            key_id, nonce, sealed = self._keyring.seal(SAMPLES, 1, body)
        return (
            ruleset, found.rule, found.source, found.day, found.run, found.at_us, found.dimension,
            found.weight, found.n, found.bad, found.status, found.watermark, found.detail, key_id,
            nonce, sealed,
        )  # fmt: skip

    def _found(self, row: Sequence[Any]) -> Found:
        *told, key_id, nonce, body = row
        if key_id != CLEAR:
            body = self._keyring.unseal(SAMPLES, 1, key_id, nonce, body)
        samples = msgspec.json.decode(body, type=tuple[str, ...])
        return _made(Found, (*told, samples))

    def _rows(self, statement: str, bindings: tuple[object, ...] = ()) -> list[Any]:
        with engine_errors(self._connection, FILE_NAME):
            return rows(self._connection, statement, bindings)

    def _write(self, statement: str, bindings: tuple[object, ...]) -> None:
        with engine_errors(self._connection, FILE_NAME):
            self._connection.execute(statement, bindings)


_RUN = "id, at_us, watermark, since, dataset, project, state, ended_us, seconds, told"


def _run(row: Sequence[Any]) -> Run:
    *plain, told = row
    return _made(Run, (*plain, msgspec.json.decode(told, type=dict[str, int])))


def _made(struct: Callable[..., T], values: Iterable[Any]) -> T:
    """The columns stand in the order of the struct's fields."""
    return struct(*values)
