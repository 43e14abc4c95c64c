"""Which definitions are in force, and how new ones get there.

`project.activated` records carry the project's files, so the state is a function of the log with
the definitions active at each offset. New definitions that need features nobody collected yet
are *built* first: live records feed the new features from the activation on, older records are
added from the log meanwhile (aggregates merge in any order), and `definition.ready` switches at
one offset (segments B2). Features once collected stay collected: a rebuild does the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from journeyfold.core.event import Event, Record, is_bot
from journeyfold.core.ports import EventLog, StateReader, StateWriter
from journeyfold.core.profile import Profile
from journeyfold.journey.control import Control, steered
from journeyfold.profile.aggregates import Aggregation
from journeyfold.project.compile import Compiled
from journeyfold.quality.transform import Fitted

Cuts = dict[str, list[float]]
Fits = dict[str, Fitted]
Compile = Callable[[dict[str, str]], Compiled]
Filler = Callable[[Profile, Event], None]


class Build(msgspec.Struct):
    """Aggregates being filled from records below `offset`; `progress` is the last one added."""

    hash: str
    offset: int
    keys: list[str]
    progress: int = -1


class Pin(msgspec.Struct):
    """An older version of a journey: the offset of a project that has it, and until when somebody
    may still be in it (journeys E61).
    """

    offset: int
    until_us: int


class Standing(msgspec.Struct):
    """What meta remembers: the version in force, builds, quintile cuts, which aggregates are
    collected, each with the offset of a version that defines it, `journey@version` pinned, and
    journeys that are paused, draining or stopped.
    """

    offset: int = -1  # of the project.activated record in force
    hash: str = ""
    collected: dict[str, int] = {}
    builds: list[Build] = []
    cuts: Cuts = {}
    fits: Fits = {}  # what features are prepared by (quality Q28)
    pinned: dict[str, Pin] = {}
    controls: dict[str, Control] = {}  # journey → how it stands, if not live
    zones: str = ""  # the tz database that local times are reckoned by


_KEY = b"definitions"
_ENCODE = msgspec.msgpack.Encoder(order="deterministic").encode


def standing_of(reader: StateReader) -> Standing:
    raw = reader.get("meta", _KEY)
    return msgspec.msgpack.decode(raw, type=Standing) if raw else Standing()


def files_at(log: EventLog, offset: int) -> dict[str, str]:
    """The project text that the `project.activated` record at an offset carries."""
    (record,) = log.read(offset - 1, 1)
    return _files_in(record)


def _files_in(record: Record) -> dict[str, str]:
    files = record.event.properties["files"]
    assert isinstance(files, dict), "project.activated carries its files"
    return {str(path): str(text) for path, text in files.items()}


class Definitions:
    """The compiled project in force and the union of aggregates to collect."""

    def __init__(self, compile_files: Compile, log: EventLog) -> None:
        self._compile, self._log = compile_files, log
        self._versions: dict[int, Compiled] = {}
        self.standing = Standing()
        self.in_force: Compiled | None = None
        self.collecting: list[Aggregation] = []

    def open(self, reader: StateReader) -> None:
        self.standing = standing_of(reader)
        self.in_force = None
        if self.standing.offset >= 0:
            self._use(self.standing.offset)
        self._collect()

    def activate(self, record: Record) -> Build | None:
        """Take in a new version; a Build when it must wait for its aggregates, else None."""
        version = self._versions[record.offset] = self._compile(_files_in(record))
        wanted = [key for key, _ in version.keys.entries()]
        missing = [key for key in wanted if key not in self.standing.collected]
        self.standing.collected |= dict.fromkeys(wanted, record.offset)
        self._collect()
        if self.in_force is None or (not missing and not self.standing.builds):
            self.switch(record.offset, record.appended_us)
            return None
        build = Build(hash=version.hash, offset=record.offset, keys=missing)
        self.standing.builds.append(build)
        return build

    def ready(self, record: Record) -> bool:
        """`definition.ready`: the first build is complete; False if it is not ours to switch."""
        builds = self.standing.builds
        if not builds or builds[0].offset != record.event.properties["offset"]:
            return False
        self.switch(builds.pop(0).offset, record.appended_us)
        return True

    def complete_builds(self) -> None:
        """Nothing is left to be added: history has been folded with these features."""
        for build in self.standing.builds:
            build.progress = build.offset

    def switch(self, offset: int, at_us: int) -> None:
        version = self.version(offset)
        self._pin(version, at_us)
        self.standing.hash, self.standing.offset = version.hash, offset
        self._use(offset)

    def cut(self, record: Record) -> None:
        """`cutpoints.updated`: quintile borders of the last snapshot (segments F5), and fits."""
        cuts = msgspec.convert(record.event.properties["cuts"], Cuts)
        fits = msgspec.convert(record.event.properties.get("fits", {}), Fits)
        self.standing.cuts = {**self.standing.cuts, **cuts}
        self.standing.fits = {**self.standing.fits, **fits}
        assert self.in_force is not None, "cuts follow a project"
        self.in_force.use_cuts(self.standing.cuts, self.standing.fits)

    def steer(self, record: Record) -> None:
        """A journey was paused, resumed, drained, stopped or migrated (journeys E62)."""
        standing = self.standing
        standing.controls = steered(standing.controls, record.event, record.appended_us)
        if standing.offset >= 0:
            self._use(standing.offset)

    def save(self, writer: StateWriter) -> None:
        writer.put("meta", _KEY, _ENCODE(self.standing))

    def version(self, offset: int) -> Compiled:
        if offset not in self._versions:
            self._versions[offset] = self._compile(files_at(self._log, offset))
        return self._versions[offset]

    def filler(self, build: Build) -> Filler | None:
        """What adds an old event to a build's aggregates; None when it needs none."""
        if not build.keys:
            return None
        version = self.version(build.offset)
        zone = version.project.settings.time_zone
        aggregation = Aggregation(version.keys, zone, only=frozenset(build.keys))

        def add(profile: Profile, event: Event) -> None:
            if not is_bot(event):
                aggregation.fold(profile, event)

        return add

    def _use(self, offset: int) -> None:
        version = self.version(offset)
        version.use_cuts(self.standing.cuts, self.standing.fits)
        pinned = (self.version(pin.offset).programs.values() for pin in self._pins())
        named = {(each.id, each.version): each for group in pinned for each in group}
        wanted = {key for key in named if "@".join(key) in self.standing.pinned}
        version.ride_on({key: named[key] for key in wanted}, self.standing.controls)
        self.in_force = version

    def _pins(self) -> Iterable[Pin]:
        return self.standing.pinned.values()

    def _pin(self, version: Compiled, at_us: int) -> None:
        """Keep the journeys that this version replaces, as long as somebody may be in them."""
        pinned = {key: pin for key, pin in self.standing.pinned.items() if pin.until_us > at_us}
        for program in self.in_force.programs.values() if self.in_force is not None else ():
            until_us = at_us + program.longest_us
            pinned[f"{program.id}@{program.version}"] = Pin(self.standing.offset, until_us)
        for program in version.programs.values():
            pinned.pop(f"{program.id}@{program.version}", None)
        self.standing.pinned = pinned

    def _collect(self) -> None:
        """One aggregation a version that is still needed for some key."""
        by_version: dict[int, set[str]] = {}
        for key, offset in self.standing.collected.items():
            by_version.setdefault(offset, set()).add(key)
        self.collecting = []
        for offset, keys in sorted(by_version.items()):
            version = self.version(offset)
            zone = version.project.settings.time_zone
            self.collecting.append(Aggregation(version.keys, zone, only=frozenset(keys)))
        needed = {*by_version, self.standing.offset, *(b.offset for b in self.standing.builds)}
        needed |= {pin.offset for pin in self._pins()}
        self._versions = {at: one for at, one in self._versions.items() if at in needed}
