"""The profiles a batch works on: decoded once, changed in place, written once at its end.

Beside the profiles stand what must agree with them in the same transaction: the wake index
(segments C20), the sizes and hourly series of segments and stages (segments B4), what reports
count, and the door's consent registers (trust PRV-6).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice, zip_longest

import msgspec

from journeyfold.core.effect import Effect, Emit
from journeyfold.core.instant import HOUR_US
from journeyfold.core.ports import StateReader, StateWriter
from journeyfold.core.profile import Profile
from journeyfold.privacy.consent import Registers, encode_registers
from journeyfold.project.counting import Counting

CACHED_PROFILES = 4_000  # decoded profiles kept between batches: about 10 kB each
FLUSHED = 1_000  # so many more, and they are written before time moves the next ones on
_PROFILE = msgspec.msgpack.Decoder(Profile)
_ENCODE = msgspec.msgpack.Encoder(order="deterministic").encode
_HOUR = msgspec.msgpack.Decoder(list[int])


def profile_of(reader: StateReader, person: str) -> Profile | None:
    """The committed profile, for readers."""
    raw = reader.get("profile", person.encode())
    return _PROFILE.decode(raw) if raw else None


def decode_profile(raw: bytes) -> Profile:
    return _PROFILE.decode(raw)


def encode_profile(profile: Profile) -> bytes:
    """Canonical bytes: sorted maps, so equal profiles are equal bytes (REL-13)."""
    return _ENCODE(profile)


def sizes(reader: StateReader) -> dict[str, int]:
    """`segment/ID` and `stage/LIFECYCLE/STAGE` and `people` → how many now."""
    return {
        key[5:].decode(): int.from_bytes(value, "big", signed=True)
        for key, value in reader.scan("count", b"size/", b"size0")
    }


def series(reader: StateReader, name: str, since_us: int = 0) -> list[tuple[int, int, int, int]]:
    """(hour start in microseconds, entered, left, joined) of `segment/ID`, oldest first.

    `joined` members became one with another member: the size fell by them, and nobody left.
    """
    prefix = b"hour/" + name.encode() + b"/"
    first = prefix + (since_us // HOUR_US).to_bytes(8, "big")
    found = []
    for key, value in reader.scan("count", first, prefix + b"\xff" * 9):
        entered, left, *rest = _HOUR.decode(value)
        found.append((int.from_bytes(key[-8:], "big") * HOUR_US, entered, left, sum(rest)))
    return found


_MOVES = frozenset({"segment.entered", "segment.left"})
_RUNS = {"journey.entered": 1, "journey.exited": -1}


class People:
    """A write-back cache over one open transaction; `flush` stages it, `forget` drops it."""

    def __init__(self, cached: int = CACHED_PROFILES) -> None:
        self._cached = cached
        self._profiles: OrderedDict[str, Profile] = OrderedDict()
        self._wakes: dict[str, int] = {}  # what the wake index holds, by person held here
        self._dirty: set[str] = set()
        self._gone: set[str] = set()
        self._sizes: dict[str, int] = {}
        self._hours: dict[tuple[str, int], list[int]] = {}
        self._consents: dict[bytes, Registers] = {}
        self._reader: StateReader | None = None
        self.counting = Counting()

    def begin(self, reader: StateReader) -> None:
        self._reader = reader

    def get(self, person: str) -> Profile | None:
        """The profile to read; call `changed` after changing it."""
        profile = self._profiles.get(person)
        if profile is not None:
            self._profiles.move_to_end(person)
            return profile
        if person in self._gone or self._reader is None:
            return None
        profile = profile_of(self._reader, person)
        if profile is not None:
            self._hold(profile, profile.wake_us)
        return profile

    def open(self, person: str) -> Profile:
        """The profile to change, new if there is none."""
        if person in self._dirty and (held := self._profiles.get(person)) is not None:
            self._profiles.move_to_end(person)
            return held
        profile = self.get(person)
        if profile is None:
            profile = Profile(person=person)
            self._gone.discard(person)
            self._hold(profile, 0)
            self._resize("people", 1)
        self._dirty.add(person)
        return profile

    def replace(self, profile: Profile) -> None:
        """Put a rebuilt profile in the place of the one held (merge, split)."""
        current = self.get(profile.person)
        if current is None:
            self._resize("people", 1)
        self._gone.discard(profile.person)
        self._hold(profile, current.wake_us if current else 0)
        self._dirty.add(profile.person)

    def remove(self, person: str) -> None:
        profile = self.get(person)
        if profile is None:
            return
        self._dirty.add(person)
        self._gone.add(person)
        del self._profiles[person]
        self._resize("people", -1)

    def touched(self) -> list[Profile]:
        """Whom something was done to since the last flush."""
        return [self._profiles[person] for person in self._dirty - self._gone]

    def set_aside(self, person: str) -> None:
        """Undo what was done to one person since the last flush, and let time pass them by until
        their next record.
        """
        self._profiles.pop(person, None)
        self._dirty.discard(person)
        if self.get(person) is not None:
            self.open(person).wake_us = 0

    def everyone(self, writer: StateWriter) -> Iterator[Profile]:
        """Every person in key order, opened for change; what is held is flushed first."""
        self.flush(writer)
        people = [key.decode() for key, _ in writer.scan("profile")]
        for position, person in enumerate(people):
            yield self.open(person)
            if position % self._cached == self._cached - 1:
                self.flush(writer)

    def travellers(self, writer: StateWriter, journey: str = "") -> Iterator[Profile]:
        """People in a journey, or in any, in key order, opened for change."""
        self.flush(writer)
        needle = journey.encode()
        people = [
            key.decode()
            for key, raw in writer.scan("profile")
            if needle in raw and _travels(decode_profile(raw), journey)
        ]
        for position, person in enumerate(people):
            yield self.open(person)
            if position % self._cached == self._cached - 1:
                self.flush(writer)

    def due(self, writer: StateWriter, until_us: int, most: int | None = None) -> list[str]:
        """The first people whose wake is at or before `until_us`, in order of wake, then person.

        Of those held here, the wake is the profile's; they are written, so that one who has to be
        set aside loses no more than what comes now.
        """
        if len(self._profiles) > self._cached + FLUSHED:
            self.flush(writer)
        stop = (until_us + 1).to_bytes(8, "big")
        held = sorted(
            _wake_key(profile)
            for person in self._dirty
            if (profile := self._profiles.get(person)) and 0 < profile.wake_us <= until_us
        )
        stored = (
            key for key, _ in writer.scan("wake", b"", stop) if key[8:].decode() not in self._dirty
        )
        people = [key[8:].decode() for key in islice(merge(stored, held), most)]
        for person in people:
            if person in self._dirty:
                self._write(writer, person)
                self._dirty.discard(person)
        return people

    def count(self, effects: list[Effect]) -> list[Effect]:
        """Keep sizes, hourly series and counts in step with what the fold found; returns it."""
        for effect in effects:
            self.counting.note(effect)
            if not isinstance(effect, Emit):
                continue
            if effect.name == "stage.changed":
                lifecycle = effect.properties["lifecycle"]
                self._resize(f"stage/{lifecycle}/{effect.properties['from']}", -1)
                self._resize(f"stage/{lifecycle}/{effect.properties['to']}", 1)
                profile = self.get(effect.person)
                if profile is not None and profile.passages:
                    self.counting.stage_moved(effect, profile.passages)
            elif effect.name in _MOVES:
                self._moved(f"segment/{effect.properties['segment']}", effect)
            elif effect.name in _RUNS:
                self._resize(f"journey/{effect.properties['journey']}", _RUNS[effect.name])
        return effects

    def note_consents(self, registers: dict[bytes, Registers]) -> None:
        """What the door reads of a node: committed with the profiles."""
        self._consents |= registers

    def forget_consents(self, writer: StateWriter, nodes: Iterable[bytes]) -> None:
        """The door knows nothing of these nodes any more."""
        for node in nodes:
            self._consents.pop(node, None)
            writer.delete("consent", node)

    def resize(self, name: str, by: int, at_us: int) -> None:
        """Correct a size by hand: two members who became one are one member."""
        self._resize(name, by)
        if name.startswith("segment/"):
            self._hours.setdefault((name, at_us // HOUR_US), [0, 0, 0])[2] -= by

    def flush(self, writer: StateWriter) -> None:
        for person in sorted(self._dirty):
            self._write(writer, person)
        for name, by in self._sizes.items():
            _add_size(writer, name, by)
        for (name, hour), moved in self._hours.items():
            _add_hour(writer, name, hour, moved)
        for node, registers in self._consents.items():
            writer.put("consent", node, encode_registers(registers))
        for staged in (self._sizes, self._hours, self._consents):
            staged.clear()
        self.counting.flush(writer)
        self._dirty.clear()
        self._gone.clear()
        while len(self._profiles) > self._cached:
            person, _ = self._profiles.popitem(last=False)
            self._wakes.pop(person, None)

    def forget(self) -> None:
        for held in (self._profiles, self._wakes, self._sizes, self._hours, self._consents):
            held.clear()
        self.counting.forget()
        self._dirty.clear()
        self._gone.clear()
        self._reader = None

    def _hold(self, profile: Profile, stored_wake_us: int) -> None:
        self._profiles[profile.person] = profile
        self._wakes.setdefault(profile.person, stored_wake_us)

    def _write(self, writer: StateWriter, person: str) -> None:
        stored, key = self._wakes.get(person, 0), person.encode()
        profile = None if person in self._gone else self._profiles[person]
        wake = profile.wake_us if profile else 0
        if stored != wake:
            if stored:
                writer.delete("wake", stored.to_bytes(8, "big") + key)
            if wake:
                writer.put("wake", wake.to_bytes(8, "big") + key, b"")
        if profile is None:
            writer.delete("profile", key)
            self._wakes.pop(person, None)
        else:
            writer.put("profile", key, _ENCODE(profile))
            self._wakes[person] = wake

    def _moved(self, name: str, emit: Emit) -> None:
        entered = emit.name == "segment.entered"
        self._resize(name, 1 if entered else -1)
        moved = self._hours.setdefault((name, emit.at_us // HOUR_US), [0, 0, 0])
        moved[0 if entered else 1] += 1

    def _resize(self, name: str, by: int) -> None:
        self._sizes[name] = self._sizes.get(name, 0) + by


def _travels(profile: Profile, journey: str) -> bool:
    running = (each for each in profile.journeys if not each.ended_us)
    return any(journey in {"", each.journey} for each in running) or (
        not journey and bool(profile.pending)
    )


def _wake_key(profile: Profile) -> bytes:
    return profile.wake_us.to_bytes(8, "big") + profile.person.encode()


def _add_size(writer: StateWriter, name: str, by: int) -> None:
    key = b"size/" + name.encode()
    old = int.from_bytes(writer.get("count", key) or b"", "big", signed=True)
    writer.put("count", key, (old + by).to_bytes(8, "big", signed=True))


def _add_hour(writer: StateWriter, name: str, hour: int, moved: list[int]) -> None:
    key = b"hour/" + name.encode() + b"/" + hour.to_bytes(8, "big")
    raw = writer.get("count", key)
    held = _HOUR.decode(raw) if raw else []
    summed = [one + more for one, more in zip_longest(held, moved, fillvalue=0)]
    writer.put("count", key, _ENCODE(summed))
