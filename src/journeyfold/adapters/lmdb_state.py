"""State on LMDB: ordered keys in named spaces, one writer, readers that never wait.

One synchronous transaction per `write()` (trust REL-8: never NOSYNC, never a writable map; the
outbox is not a cache). LMDB has no checksums, so every value carries one over its key and itself,
and a value that changed is damage, not a profile. Open it once a process, after a spawn, never
across a fork; a process that only reads opens it read-only.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING, Literal

import lmdb
from lmdb.verify import VerifyError, verify

from journeyfold.adapters.faults import point
from journeyfold.adapters.format import FORMAT, LAYOUT, check_format, check_layout
from journeyfold.adapters.mapped_pages import held_bytes, let_go, ranges_of
from journeyfold.adapters.staged import Ahead, Committing, Overlay
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
MAPPED_BYTES_MAX = 64 * 2**20  # of files, before pages are given back
MAPPED_BYTES_ROOM = 24 * 2**20  # at the least, beside libraries
TRIMMED_EVERY = 32  # keys, between looks at how much is mapped
FORMAT_KEY, LAYOUT_KEY = b"format", b"layout"

Mode = Literal["write", "read"]
_Ahead = tuple[str, Sequence[Future[dict[bytes, bytes]]]]
_NOTHING_READ: _Ahead = ("", ())


class LmdbReader:
    """One snapshot: what was committed when it began."""

    def __init__(
        self, transaction: lmdb.Transaction, spaces: dict[str, _Database], trim: Callable[[], None]
    ) -> None:
        self._transaction, self._spaces, self._trim = transaction, spaces, trim
        self._left = TRIMMED_EVERY

    def get(self, space: str, key: bytes) -> bytes | None:
        """StateDamageError if the value is not the one that was put."""
        self._touch()
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

    def _touch(self) -> None:
        """Pages here and there soon are many: each brings those around it into our memory."""
        self._left -= 1
        if not self._left:
            self._left = TRIMMED_EVERY
            self._trim()


class LmdbWriter(LmdbReader):
    """A snapshot that sees its own changes."""

    def put(self, space: str, key: bytes, value: bytes) -> None:
        self._touch()
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
        self._beside = Committing(self._transacted)
        self._mapped_max = MAPPED_BYTES_MAX
        self._mapped: tuple[tuple[int, int], ...] = ()  # where; not known before it is asked for
        self._look = self.trim if mode == "write" else lambda: None
        self._ahead: _Ahead = _NOTHING_READ  # what was warmed, until a write
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
            yield LmdbReader(transaction, self._spaces, self._look)

    @contextmanager
    def write(self) -> Iterator[StateWriter]:
        """Commits on exit. StateGrew: nothing was written, there is room now, repeat the batch."""
        with self._writing:
            self._beside.wait()
            self._taken_ahead()
            try:
                with self._transacted() as writer:
                    yield writer
            except lmdb.MapFullError as error:
                raise self._grown() from error
            self._ahead = _NOTHING_READ

    @contextmanager
    def staged(self) -> Iterator[StateWriter]:
        """As `write`, but what was written is only seen on exit, by `staged` and `newest`: it is
        committed beside what comes next. The one before is committed then.
        """
        with self._writing:
            self._raise_what_ended(self._beside.require_going)
            with self.read() as reader:
                ahead = Ahead(reader, *self._taken_ahead())
                overlay = Overlay(ahead, self._beside.rows)
                yield overlay
            self.settle()
            self._beside.hand_over(overlay.rows)

    def settle(self) -> None:
        """Returns once what was `staged` is committed, or raises why it is not."""
        self._ahead = _NOTHING_READ
        self._raise_what_ended(self._beside.settle)

    @contextmanager
    def newest(self) -> Iterator[StateReader]:
        """A snapshot with what is staged; for the thread that stages."""
        with ExitStack() as opened:
            with self._writing:  # of one moment: no other writer is between the two
                staged = self._beside.rows
                reader = opened.enter_context(self.read())
            yield Overlay(reader, staged)

    def warm(self, space: str, keys: Sequence[bytes]) -> None:
        """Have the pages of these keys read from the disk, several at a time: who folds one person
        after the other would wait for each.
        """
        if len(keys) < WARMED_MIN:
            return
        if self._warming is None:
            self._warming = ThreadPoolExecutor(WARMERS, "warming")
        parts = (keys[at::WARMERS] for at in range(WARMERS))
        with self._writing:  # who writes next waits for what is read, and forgets it
            reading = [self._warming.submit(self._read_ahead, space, part) for part in parts]
            self._ahead = (space, reading)

    def trim(self, mapped_max: int = 0) -> None:
        """Give mapped pages back when the process holds many of them; libraries stay."""
        if held_bytes() <= (mapped_max or self._mapped_max):
            return
        with self._idle:  # the map moves under this lock only
            if held_bytes() <= (mapped_max or self._mapped_max):
                return  # another thread did
            self._mapped = self._mapped or ranges_of(self._path / "data.mdb")
            let_go(self._mapped)
            self._mapped_max = max(MAPPED_BYTES_MAX, held_bytes() + MAPPED_BYTES_ROOM)

    def bytes_used(self) -> int:
        """What the file holds, freed pages included."""
        info = self._environment.info()
        return (int(info["last_pgno"]) + 1) * int(self._environment.stat()["psize"])

    def close(self) -> None:
        """Twice is once. Waits for the transactions that are open."""
        self._beside.close()
        if self._warming is not None:
            self._warming.shutdown()
        with self._idle:
            self._wait_until_idle()
            self._mapped = ()
            self._environment.close()

    def _taken_ahead(self) -> tuple[str, dict[bytes, bytes]]:
        (space, reading), self._ahead = self._ahead, _NOTHING_READ
        found: dict[bytes, bytes] = {}
        for each in reading:
            found |= each.result()
        return space, found

    def _read_ahead(self, space: str, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """LMDB lets other threads run while a page is read."""
        with self.read() as reader:
            read = ((key, reader.get(space, key)) for key in keys)
            return {key: value for key, value in read if value is not None}

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

    @contextmanager
    def _transacted(self) -> Iterator[LmdbWriter]:
        assert self._mode == "write", "a read-only state store was asked to write"
        with self._transaction(write=True) as transaction:
            yield LmdbWriter(transaction, self._spaces, self._look)
            point("before_state_commit")
        point("after_state_commit")

    def _raise_what_ended(self, look: Callable[[], None]) -> None:
        try:
            look()
        except lmdb.MapFullError as error:
            raise self._grown() from error

    def _begin(self, *, write: bool) -> lmdb.Transaction:
        with _engine_errors(self._path):
            try:
                return self._environment.begin(write=write)
            except lmdb.MapResizedError:
                # The writer's process has grown the map: adopt its size, with nothing open.
                self._wait_until_idle()
                self._mapped = ()
                self._environment.set_mapsize(0)
                return self._environment.begin(write=write)

    def _grown(self) -> StateGrew:
        with self._idle:
            self._wait_until_idle()
            self._mapped = ()
            self._environment.set_mapsize(2 * int(self._environment.info()["map_size"]))
        return StateGrew("the state store doubled its map; repeat the batch")

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
