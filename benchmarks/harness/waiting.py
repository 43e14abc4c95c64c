"""A state in which very many people wait in a journey, made in seconds.

A few people are folded for real, from records in a log, with orders, segments and a stage of their
own; everybody else is a copy of one of them under another identifier, written into the state with
the rows a fold would have written: profile, identity, wake, sizes. The log lacks their records, so
this state is for reading and for timers, not for a rebuild.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import msgspec

from journeyfold.core.event import Event, Identifier
from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.core.localtime import tz_version
from journeyfold.core.ports import Entry, StateStore, StateWriter
from journeyfold.core.profile import Profile
from journeyfold.identity.graph import Node
from journeyfold.identity.normalise import node_of, person_id
from journeyfold.journey.control import ZONES
from journeyfold.project.people import decode_profile, encode_profile
from journeyfold.project.scaffold import write_template
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

JOURNEY = "reminder"
PROTOTYPES, ORDERS = 50, 4
GROUP = 50_000  # people written in one transaction

_JOURNEY = """\
title: Reminder
entry:
  - {event: Survey Answered}
steps:
  - {id: pause, wait: {for: 20d}}
  - {id: again, branch: [{if: 'in_segment("gone")', goto: pause}, {else: done}]}
  - {id: done, exit: completed}
"""
_SETTINGS = """\
name: waiting
currency: EUR
privacy: {purposes: {loyalty: {basis: contract}}}
"""
_SEGMENTS = """\
lifecycles:
  - id: customer
    initial: Prospect
    stages:
      - {stage: Loyal, when: 'count("Order Completed", within="365d") >= 4'}
      - {stage: Active, when: 'count("Order Completed") >= 1'}
      - {stage: Prospect, when: 'count("Order Completed") == 0'}
segments:
  - {id: vip, when: 'count("Order Completed", within="365d") >= 3 and sum("Order Completed", "total", within="365d") >= 500'}
  - {id: gone, when: 'recency("Order Completed") > "300d"'}
  - {id: dear, when: 'avg("Order Completed", "total", within="180d") >= 90'}
  - {id: german-speaking, when: 'traits.country in ["DE", "AT", "CH"]'}
  - {id: stopped, when: 'count("Order Completed") >= 1 and recency("Order Completed") > "60d"'}
"""


def write_project(directory: Path) -> None:
    """The shop's events, with a journey and segments of its own."""
    write_template("shop", directory)
    for path in directory.iterdir():
        if path.name in {"features.yaml", "identity.yaml"}:
            path.unlink()
        elif path.is_dir() and path.name not in {"schemas", "sources"}:
            shutil.rmtree(path)
    (directory / "journeyfold.yaml").write_text(_SETTINGS)
    for path, text in {
        f"journeys/{JOURNEY}.yaml": _JOURNEY, "segments/bench.yaml": _SEGMENTS,
    }.items():  # fmt: skip
        (directory / path).parent.mkdir(exist_ok=True)
        (directory / path).write_text(text)


class Crowd:
    """A data directory in whose state very many people wait; `add` before anything runs on it."""

    def __init__(self, directory: Path, now_us: int) -> None:
        write_project(directory)
        project = checked_project(directory)
        self._workspace = workspace = Workspace(place_of(directory, None), project)
        activate(workspace, project)
        workspace.log.append(list(_records(workspace.node_key, now_us)), now_us=now_us)
        workspace.log.append([_zones(now_us)], now_us=now_us)
        fold_to_head(workspace)
        self._state = workspace.open_state()
        with self._state.read() as reader:
            found = [decode_profile(raw) for _, raw in reader.scan("profile")]
        self._prototypes = [profile for profile in found if profile.journeys]
        assert len(self._prototypes) == PROTOTYPES, "everybody who set a reminder waits"
        self._people = 0

    def add(self, dues: Sequence[int]) -> None:
        """One person more for each of these instants."""
        _write(self._state, self._workspace.node_key, self._prototypes, dues, self._people)
        self._people += len(dues)

    def close(self) -> None:
        self._state.close()
        self._workspace.log.checkpoint()
        self._workspace.close()


def _records(node_key: bytes, now_us: int) -> Iterator[Entry]:
    """Four orders over a hundred days each, and what lets them into the journey."""
    for number in range(PROTOTYPES):
        who = Identifier("user_id", f"prototype-{number}")
        for order in range(ORDERS):
            at_us = now_us - 100 * DAY_US + (order * 25 + number % 20) * DAY_US
            told = {"total": 40.0 + number * 7 % 120, "currency": "EUR", "items": 1 + number % 4}
            yield _entry(f"o{number}-{order}", "Order Completed", who, at_us, told, node_key)
        remind = {"survey": "service", "score": number % 11}
        yield _entry(f"r{number}", "Survey Answered", who, now_us - HOUR_US // 2, remind, node_key)


def _zones(now_us: int) -> Entry:
    """As the first start says it, which then goes over everybody who is in a journey."""
    event = Event(
        "zones", ZONES, "system", "_system", (), now_us, now_us, {"version": tz_version()},
        context={"auth": "system"},
    )  # fmt: skip
    return Entry(event, "journey")


def _entry(id_: str, name: str, who: Identifier, at_us: int, told: dict, node_key: bytes) -> Entry:
    event = Event(
        id_, name, "track", "shop_server", (who,), at_us, at_us, told, {"country": "DE"},
        context={"auth": "server"},
    )  # fmt: skip
    return Entry(event, "event", nodes=(node_of(who, node_key),))


def _write(
    state: StateStore, node_key: bytes, prototypes: Sequence[Profile], dues: Sequence[int], at: int
) -> None:
    people = []
    for number in range(len(dues)):
        node = node_of(Identifier("user_id", f"user-{at + number}"), node_key)
        people.append((person_id(node), node, number))
    people.sort()
    for first, last in pairwise([*range(0, len(people), GROUP), len(people)]):
        with state.write() as writer:
            for person, _, number in people[first:last]:
                profile = _copy(prototypes[number % PROTOTYPES], person, at + number, dues[number])
                writer.put("profile", person.encode(), encode_profile(profile))
    people.sort(key=lambda one: one[1])
    for first, last in pairwise([*range(0, len(people), GROUP), len(people)]):
        with state.write() as writer:
            for _, node, number in people[first:last]:
                named = Node("user_id", f"user-{at + number}", prototypes[0].first_us, b"", 1)
                writer.put("id_node", node, msgspec.msgpack.encode(named))
    wakes = sorted((dues[number], person) for person, _, number in people)
    for first, last in pairwise([*range(0, len(wakes), GROUP), len(wakes)]):
        with state.write() as writer:
            for due_us, person in wakes[first:last]:
                writer.put("wake", due_us.to_bytes(8, "big") + person.encode(), b"")
    with state.write() as writer:
        _add(writer, prototypes, len(dues))


def _copy(prototype: Profile, person: str, number: int, due_us: int) -> Profile:
    (instance,) = prototype.journeys
    instance.id, instance.due_us = f"{number:032x}", due_us
    prototype.person, prototype.wake_us, prototype.journeys_due_us = person, due_us, due_us
    prototype.dues = [0] * len(prototype.dues)  # memberships change later than any timer here
    return prototype


def _add(writer: StateWriter, prototypes: Sequence[Profile], people: int) -> None:
    """The sizes that the copies stand for."""
    sizes = {"people": people, f"journey/{JOURNEY}": people}
    for number in range(people % PROTOTYPES, people % PROTOTYPES + PROTOTYPES):
        share = people // PROTOTYPES
        for name in prototypes[number % PROTOTYPES].memberships:
            sizes[f"segment/{name}"] = sizes.get(f"segment/{name}", 0) + share
    for name, by in sizes.items():
        key = b"size/" + name.encode()
        old = int.from_bytes(writer.get("count", key) or b"", "big", signed=True)
        writer.put("count", key, (old + by).to_bytes(8, "big", signed=True))
