"""State on LMDB: ordered keys in named spaces, one writer, readers that never wait.

One synchronous transaction per `write()` (trust REL-8: never NOSYNC, never a writable map; the
outbox is not a cache). LMDB has no checksums, so every value carries one over its key and itself,
and a value that changed is damage, not a profile. Open it once a process, after a spawn, never
across a fork; a process that only reads opens it read-only.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING, Literal

import lmdb
from lmdb.verify import VerifyError, verify

from journeyfold.adapters.faults import point
from journeyfold.adapters.format import FORMAT, LAYOUT, check_format, check_layout
from journeyfold.adapters.mapped_pages import held_bytes, let_go
from journeyfold.core.errors import Busy, EngineError, StateDamageError, StateGrew
from journeyfold.core.ports import SPACES, StateReader, StateWriter

if TYPE_CHECKING:
    from lmdb import _Database

DIRECTORY_NAME = "state.lmdb"
MAP_BYTES = 64 * 2**30  # address space only (trust REL-17)
READERS_MAX = 512
IDLE_S = 5.0
WRITE_BYTES = 2**20  # with less room than this a batch may be cut short
CHECK_BYTES = 4
WARMERS, WARMED_MIN = 8, 16  # reads at once; fewer keys are not worth it
MAPPED_BYTES_MAX = 48 * 2**20  # of files, before pages are given back
FORMAT_KEY, LAYOUT_KEY = b"format", b"layout"

Mode = Literal["write", "read"]


class LmdbReader:
    """One snapshot: what was committed when it began."""

    def __init__(self, transaction: lmdb.Transaction, spaces: dict[str, _Database]) -> None:
        self._transaction = transaction
        self._spaces = spaces

    def get(self, space: str, key: bytes) -> bytes | None:
        """StateDamageError if the value is not the one that was put."""
        stored = self._transaction.get(key, db=self._spaces[space])
        return None if stored is None else _checked(space, key, bytes(stored))

    def scan(
        self, space: str, start: bytes = b"", stop: bytes | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        cursor = self._transaction.cursor(db=self._spaces[space])
        if not (cursor.set_range(start) if start else cursor.first()):
            return
        for found, stored in cursor:
            key = bytes(found)
            if stop is not None and key >= stop:
                return
            yield key, _checked(space, key, bytes(stored))


class LmdbWriter(LmdbReader):
    """A snapshot that sees its own changes."""

    def put(self, space: str, key: bytes, value: bytes) -> None:
        check = zlib.crc32(value, zlib.crc32(key)).to_bytes(CHECK_BYTES, "big")
        self._transaction.put(key, check + value, db=self._spaces[space])

    def delete(self, space: str, key: bytes) -> None:
        self._transaction.delete(key, db=self._spaces[space])


class LmdbState:
    """`core.ports.StateStore` in a directory; `open_state` is how to get one."""

    def __init__(self, path: Path, mode: Mode = "write", *, map_bytes: int = MAP_BYTES) -> None:
        self._path = path
        self._mode = mode
        self._writing = threading.Lock()
        self._idle = threading.Condition()
        self._open_transactions = 0
        self._warming: ThreadPoolExecutor | None = None
        self.layout = LAYOUT  # of the structs it holds; less in one that an older release built
        self._environment = lmdb.open(
            str(path),
            map_size=map_bytes,
            max_dbs=len(SPACES),
            max_readers=READERS_MAX,
            max_spare_txns=4,
            readonly=mode == "read",
            create=mode == "write",
            readahead=False,
        )
        with ExitStack() as undo:
            undo.callback(self._environment.close)
            self._refuse_short_file(path)
            self._spaces: dict[str, _Database] = {
                name: self._environment.open_db(name.encode(), create=mode == "write")
                for name in SPACES
            }
            self._settle_format()
            undo.pop_all()

    @contextmanager
    def read(self) -> Iterator[StateReader]:
        with self._transaction(write=False) as transaction:
            yield LmdbReader(transaction, self._spaces)

    @contextmanager
    def write(self) -> Iterator[StateWriter]:
        """Commits on exit. StateGrew: nothing was written, there is room now, repeat the batch."""
        assert self._mode == "write", "a read-only state store was asked to write"
        with self._writing:
            try:
                with self._transaction(write=True) as transaction:
                    yield LmdbWriter(transaction, self._spaces)
                    point("before_state_commit")
            except lmdb.MapFullError as error:
                self._grow()
                raise StateGrew("the state store doubled its map; repeat the batch") from error
        point("after_state_commit")

    def warm(self, space: str, keys: Sequence[bytes]) -> None:
        """Have the pages of these keys read from the disk, several at a time: who folds one person
        after the other would wait for each.
        """
        if len(keys) < WARMED_MIN:
            return
        if self._warming is None:
            self._warming = ThreadPoolExecutor(WARMERS, "warming")
        parts = (keys[at::WARMERS] for at in range(WARMERS))
        for _ in self._warming.map(lambda part: self._touch(space, part), parts):
            pass
        self.trim()  # they are in the system's memory now, and need not be in ours

    def trim(self, mapped_max: int = MAPPED_BYTES_MAX) -> None:
        """Give mapped pages back when the process holds many of them."""
        if held_bytes() > mapped_max:
            let_go(self._path / "data.mdb")

    def bytes_used(self) -> int:
        """What the file holds, freed pages included."""
        info = self._environment.info()
        return (int(info["last_pgno"]) + 1) * int(self._environment.stat()["psize"])

    def close(self) -> None:
        """Twice is once. Waits for the transactions that are open."""
        if self._warming is not None:
            self._warming.shutdown()
        with self._idle:
            self._wait_until_idle()
            self._environment.close()

    def _touch(self, space: str, keys: Sequence[bytes]) -> None:
        """LMDB lets other threads run while a page is read."""
        with self._transaction(write=False) as transaction:
            for key in keys:
                transaction.get(key, db=self._spaces[space])

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[lmdb.Transaction]:
        with self._idle:
            transaction = self._begin(write=write)
            self._open_transactions += 1
        try:
            with _engine_errors(self._path), transaction:
                yield transaction
        finally:
            with self._idle:
                self._open_transactions -= 1
                self._idle.notify_all()

    def _begin(self, *, write: bool) -> lmdb.Transaction:
        with _engine_errors(self._path):
            try:
                return self._environment.begin(write=write)
            except lmdb.MapResizedError:
                # The writer's process has grown the map: adopt its size, with nothing open.
                self._wait_until_idle()
                self._environment.set_mapsize(0)
                return self._environment.begin(write=write)

    def _grow(self) -> None:
        with self._idle:
            self._wait_until_idle()
            self._environment.set_mapsize(2 * int(self._environment.info()["map_size"]))

    def _refuse_short_file(self, path: Path) -> None:
        """A file cut short would kill the process at the first read past its end (SIGBUS)."""
        size, used = (path / "data.mdb").stat().st_size, self.bytes_used()
        if size < used and (problems := structure_problems(path)):
            raise StateDamageError(f"{DIRECTORY_NAME} is {size} of {used} bytes: {problems[0]}")

    def _wait_until_idle(self) -> None:
        """LMDB moves its map only while this process has no transaction open."""
        if not self._idle.wait_for(lambda: not self._open_transactions, timeout=IDLE_S):
            raise EngineError(f"{DIRECTORY_NAME}: a transaction has been open for {IDLE_S:g} s")

    def _settle_format(self) -> None:
        with self.read() as reader:
            found, layout = reader.get("meta", FORMAT_KEY), reader.get("meta", LAYOUT_KEY)
        if found is not None:
            self.layout = int(layout or 0)  # the first ones had no stamp
        elif self._mode == "write":
            with self.write() as writer:
                writer.put("meta", FORMAT_KEY, str(FORMAT).encode())
                writer.put("meta", LAYOUT_KEY, str(LAYOUT).encode())
        check_format(int(found or FORMAT))
        check_layout(self.layout)


def structure_problems(path: Path) -> list[str]:
    """What is wrong with the pages of a file nobody writes to.

    Reads all of it, without LMDB's own code, so no damage can crash this process.
    """
    try:
        found: list[str] = verify(str(path))  # type: ignore[no-untyped-call]  # lmdb has no types
    except VerifyError as error:
        return [str(error)]
    return found


def _checked(space: str, key: bytes, stored: bytes) -> bytes:
    value = stored[CHECK_BYTES:]
    if zlib.crc32(value, zlib.crc32(key)) != int.from_bytes(stored[:CHECK_BYTES], "big"):
        raise StateDamageError(
            f"{DIRECTORY_NAME}: the value of {key!r} in {space} is not what was written; "
            "stop, move the directory aside and start again: it is rebuilt from the log"
        )
    return value


@contextmanager
def _engine_errors(path: Path) -> Iterator[None]:
    """LMDB's errors in our words; MapFull and MapResized are for the store itself."""
    try:
        yield
    except (lmdb.MapFullError, lmdb.MapResizedError):
        raise
    except (lmdb.CorruptedError, lmdb.InvalidError, lmdb.PageNotFoundError) as error:
        raise StateDamageError(f"{path} is damaged ({error})") from error
    except lmdb.DiskError as error:  # py-lmdb's name for ENOSPC
        raise Busy(f"{path} cannot grow: the disk is full; free some space", 5) from error
    except lmdb.Error as error:
        # A write that was cut short is reported as EIO, whatever cut it.
        if disk_usage(path).free < WRITE_BYTES:
            raise Busy(f"{path} cannot grow: the disk is full; free some space", 5) from error
        raise EngineError(f"{path} does not work: {error}") from error
