"""What a serving process holds open: log, state, keys, the project in force, and the door.

The API and the console are faces over this. It is filled once at start; `refresh` follows what the
fold and the supervisor publish, a few times a second.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from journeyfold.adapters.admin_audit import By
from journeyfold.adapters.appender import Appender
from journeyfold.adapters.disk_room import require_room
from journeyfold.adapters.lmdb_state import DIRECTORY_NAME, LmdbState
from journeyfold.adapters.sqlite_admin import SqliteAdmin
from journeyfold.adapters.state_opening import Damage, open_state
from journeyfold.collect.admit import Gate
from journeyfold.collect.door import Door
from journeyfold.collect.keys import declared_keys
from journeyfold.core.errors import Busy, EngineError
from journeyfold.core.keys import ApiKey
from journeyfold.core.ports import Entry, Fate, Held, StateStore
from journeyfold.project.compile import Compiled
from journeyfold.project.model import Project
from journeyfold.project.standing import standing
from journeyfold.runtime.gates import gates_of
from journeyfold.runtime.key_uses import KeyUses
from journeyfold.runtime.lagging import LagLimit
from journeyfold.runtime.notify import Notifier
from journeyfold.runtime.reference_files import ReferenceFiles
from journeyfold.runtime.revealed import revealed
from journeyfold.runtime.supervisor import final_code
from journeyfold.runtime.telemetry import StoreFigures, Telemetry
from journeyfold.runtime.versions import Versions
from journeyfold.runtime.workspace import Place, Workspace

REFRESH_S = 0.1
KEY_MEMORY_S = 2.0  # a revocation shows within this (collect C08: 5 s)
ROOM_S = 0.25
_PAGE_BYTES = 4_096


class Platform:
    """One per serving process; `close` answers what was taken and lets go of everything."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.place, self.clock, self.log = workspace.place, workspace.clock, workspace.log
        self.keyring = workspace.keyring
        self.node_key = workspace.node_key
        self.admin: SqliteAdmin = workspace.open_admin()
        self._state: LmdbState | None = None
        self._pages = 0
        self.versions = Versions(workspace)
        self.telemetry = Telemetry(
            StoreFigures(self.log, self.state, self.place, self.clock, self._project_in_force)
        )
        self._worker = Notifier(self.place.run, "work")
        self.keys = CachedKeys(self.admin, time.monotonic)
        self._gates: dict[str, Gate] = {}
        self._files: ReferenceFiles | None = None
        self._rejected: dict[str, int] = {}
        self._room = _Room()
        self._lag = LagLimit(0)
        self.refresh()
        self.appender = Appender(
            self.log, self.clock,
            on_commit=lambda _head: self._worker.send(),
            on_failure=end_process,
            observe_commit_s=self.telemetry.commit_seconds.observe,
        )  # fmt: skip
        self.door = self._door()

    @property
    def project(self) -> Project:
        """The newest version: what the door judges by."""
        assert self.versions.newest is not None, "up activates a project before it serves"
        return self.versions.newest

    @property
    def compiled(self) -> Compiled | None:
        """The version in force: what the fold has switched to."""
        return self.versions.in_force

    def _project_in_force(self) -> Project | None:
        return self.compiled.project if self.compiled is not None else None

    def state(self) -> StateStore | None:
        """The last commits of `work`; None until it has made its store."""
        if self._state is None:
            opened = open_state(self.place.data, "read")
            self._state = None if isinstance(opened, Damage) else opened
            self._pages = _identity(self.place)
        return self._state

    def refresh(self) -> None:
        """Take up a newer project version, and a state that was built anew."""
        if self._state is not None and _identity(self.place) != self._pages:
            self._state.close()
            self._state = None
        if self._files is not None:
            self._files.refresh()
        newest = self.versions.newest
        if self.versions.refresh(self.state()) and self.versions.newest is not newest:
            project = revealed(self.project, self.place.directory, _say)
            self._files = ReferenceFiles(project, self.place.directory, _say)
            self._gates = gates_of(
                project, self.node_key, self.state,
                dropped=self._dropped, refused_field=self._refused_field,
                receipt_key=self.keyring.derive("link"), before=self._gates,
                place=self._files.place, weather=self._files.weather,
            )  # fmt: skip
            self.keys.declare(project)
            self._room = _Room(project.settings.disk.reserve_bytes)
            self._lag = LagLimit(project.settings.server.max_lag_us)

    async def follow(self) -> None:
        """Refresh for ever; run it as a task."""
        while True:
            await asyncio.sleep(REFRESH_S)
            self.refresh()
            self._lag.look(self.log, self.state(), self.clock.now_us())
            await self._flush_rejected()
            await self._keep_key_uses()

    async def append(
        self, items: Sequence[Entry | Held], rejected: Sequence[tuple[str, int]] = ()
    ) -> list[Fate]:
        """Durable when it returns. Busy below the disk's reserve, with a full queue, or with a fold
        that is too far behind.
        """
        source = _source_of(items[0]) if items else ""
        try:
            self._room.require(self.place.data)
            self._lag.require()
            waiting = self.appender.submit(items, rejected)
            del items  # encoded and sealed: nothing of it stays while the commit is awaited
            return await waiting
        except Busy:
            if source:
                self._throttled(source, 503)
            raise

    async def wait_folded(self, offset: int, seconds: float) -> bool:
        """Is everything up to `offset` folded, within so many seconds?"""
        deadline = time.monotonic() + seconds
        while True:
            state = self.state()
            if state is not None:
                with state.read() as reader:
                    if standing(reader).offset >= offset:
                        return True
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(0.002)

    def close(self) -> None:
        self.appender.close()
        if self._state is not None:
            self._state.close()
        self._worker.close()
        with suppress(Busy, EngineError):  # a last use less is nothing to fail for
            self.keys.uses.close()
        self.admin.close()
        self.workspace.close()

    def _door(self) -> Door:
        return Door(
            now_us=self.clock.now_us,
            monotonic_s=time.monotonic,
            keys=self.keys,
            gates=lambda: self._gates,
            append=self.append,
            fresh_id=FreshIds(),
            count=lambda _source, _result, _number: None,  # read from the log at each scrape
            reject=self._reject,
            audit=self._audit,
            throttled=self._throttled,
            durability=self.project.settings.durability,
        )

    def _reject(self, source: str, number: int) -> None:
        self._rejected[source] = self._rejected.get(source, 0) + number

    async def _flush_rejected(self) -> None:
        """Refusals of requests that append nothing reach the tally within a second (REL-10)."""
        if self._rejected:
            counted, self._rejected = self._rejected, {}
            try:
                await self.appender.submit([], list(counted.items()))
            except (Busy, EngineError):
                for source, number in counted.items():
                    self._reject(source, number)

    async def _keep_key_uses(self) -> None:
        """A file that is busy or full is tried again; requests go on."""
        if uses := self.keys.uses.due():
            with suppress(Busy, EngineError):
                await asyncio.to_thread(self.keys.uses.keep, uses)

    def _audit(self, act: str, subject: str) -> None:
        self.telemetry.denied.labels(act).inc()
        if act == "server_key_in_url":
            self.admin.audit.add(By("door", "-", self.clock.now_us()), act, subject)

    def _dropped(self, stage: str, number: int) -> None:
        self.telemetry.dropped.labels(stage).inc(number)

    def _refused_field(self, source: str, field: str) -> None:
        self.telemetry.refused_fields.labels(source, field).inc()

    def _throttled(self, source: str, status: int) -> None:
        self.telemetry.throttled.labels(source, str(status)).inc()


class FreshIds:
    """Random ids of 128 bits, drawn a page at a time: each draw lets other threads run first."""

    def __init__(self) -> None:
        self._drawn: deque[str] = deque()

    def __call__(self) -> str:
        while True:
            try:
                return self._drawn.pop()
            except IndexError:
                page = os.urandom(_PAGE_BYTES)
                self._drawn.extend(page[at : at + 16].hex() for at in range(0, len(page), 16))


class CachedKeys:
    """Keys of the admin store, remembered for two seconds, and those the project declares."""

    def __init__(self, admin: SqliteAdmin, monotonic_s: Callable[[], float]) -> None:
        self._admin, self._monotonic_s = admin, monotonic_s
        self.uses = KeyUses(admin.keys.used)
        self._known: dict[str, tuple[float, ApiKey | None]] = {}
        self._declared: Mapping[bytes, ApiKey] = {}
        self._limits: dict[str, tuple[int, int]] = {}

    def declare(self, project: Project) -> None:
        self._declared = declared_keys(project.sources.values())
        self._limits = {
            name: (source.limits.events_per_s, source.limits.burst)
            for name, source in project.sources.items()
        }
        self._known.clear()

    def find(self, key_id: str) -> ApiKey | None:
        now_s = self._monotonic_s()
        known = self._known.get(key_id)
        if known is None or now_s - known[0] > KEY_MEMORY_S:
            if len(self._known) > 10_000:
                self._known.clear()
            known = self._known[key_id] = (now_s, self._limited(self._admin.keys.find_key(key_id)))
        return known[1]

    def find_foreign(self, sha256: bytes) -> ApiKey | None:
        return self._declared.get(sha256)

    def saw(self, key: ApiKey, now_us: int) -> None:
        if not key.is_foreign:  # what the project declares has no row of its own
            self.uses.saw(key.id, now_us)

    def _limited(self, key: ApiKey | None) -> ApiKey | None:
        """A key has its source's rate."""
        if key is None or key.source not in self._limits:
            return key
        rate, burst = self._limits[key.source]
        return msgspec.structs.replace(key, rate_per_s=rate, burst=burst)


class _Room:
    """Is there space above the reserve? Asked of the disk a few times a second (REL-17)."""

    def __init__(self, reserve_bytes: int | None = None) -> None:
        self._reserve_bytes = reserve_bytes
        self._checked_s = 0.0

    def require(self, path: Path) -> None:
        now_s = time.monotonic()
        if now_s - self._checked_s > ROOM_S:
            require_room(path, self._reserve_bytes)
            self._checked_s = now_s


def _say(sentence: str) -> None:
    os.write(2, f"journeyfold serve: {sentence}\n".encode())


def _source_of(item: Entry | Held) -> str:
    return item.event.source if isinstance(item, Entry) else item.source


def _identity(place: Place) -> int:
    """Which file the state is in: `work` sets a damaged one aside and begins another."""
    try:
        return (place.data / DIRECTORY_NAME / "data.mdb").stat().st_ino
    except FileNotFoundError:
        return 0


def end_process(error: EngineError) -> None:
    """The log failed: nothing more may be acknowledged by this process (REL-16)."""
    os.write(2, f"journeyfold serve: {error}\n".encode())
    os._exit(final_code(error))
