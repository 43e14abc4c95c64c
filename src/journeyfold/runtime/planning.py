"""`plan`: what a changed project would have made of recorded history (segments B6).

The log is replayed through the changed project into memory, record by record at its own log time,
and the people it ends with are compared with those the project in force ends with. Recorded
decisions are decided again by both, at their place in history and with the same id, so the same
chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

import msgspec

from journeyfold.adapters.memory import MemoryState
from journeyfold.core.condition_eval import evaluate
from journeyfold.core.decision import Decision
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Record
from journeyfold.core.ports import EventLog
from journeyfold.core.profile import Profile
from journeyfold.decide.reservations import Reservations
from journeyfold.project.compile import Compiled, compile_project
from journeyfold.project.engine import Engine
from journeyfold.project.model import Project
from journeyfold.project.people import decode_profile
from journeyfold.project.plan_report import (
    DecisionChange,
    IdentityChange,
    Mover,
    PlanReport,
    SegmentChange,
)
from journeyfold.project.prepared import Rows
from journeyfold.runtime.planning_identity import identity_change
from journeyfold.runtime.planning_journeys import JourneysTold, journey_changes
from journeyfold.runtime.planning_traits import trait_changes
from journeyfold.runtime.redeciding import decided_again, recorded_decision
from journeyfold.runtime.simulating import lived_us
from journeyfold.segment.cutpoints import quintile_cuts

Progress = Callable[[int, int], None]
Change = Literal["added", "changed", "removed"]
EXAMPLES = 5
_IMPORTED_MAX = 500_000  # records that are sorted in memory
_PIECE = 1_000
_KINDS = (
    "sources", "features", "segments", "lifecycles", "offers", "placements", "journeys", "messages",
    "destinations",
)  # fmt: skip


Shown = tuple[tuple[str, str], ...]
"""What a placement showed: (offer, variant) by rank."""


class Answered(msgspec.Struct, frozen=True):
    """One recorded decision: what was shown, and what this project shows in its place."""

    recorded: dict[str, Shown]
    again: dict[str, Shown]


def plan_between(
    log: EventLog,
    node_key: bytes,
    before: Project,
    after: Project,
    *,
    window_us: int,
    now_us: int,
    progress: Progress = lambda _done, _total: None,
) -> PlanReport:
    """The difference; reads the log twice up to the same record and writes nothing."""
    head, _ = log.head()
    old = _Retelling(log, node_key, before, now_us - window_us)
    new = _Retelling(log, node_key, after, now_us - window_us)
    old.run(head, now_us, lambda done: progress(done, 2 * head + 2))
    new.run(head, now_us, lambda done: progress(head + 1 + done, 2 * head + 2))
    definitions = _definitions(before, after)
    return PlanReport(
        window=f"{window_us // 86_400_000_000}d",
        people=len(new.people), records=head + 1,
        segments=tuple(_segments(old, new, now_us)), stages=tuple(_stages(old, new)),
        decisions=tuple(_decisions(old, new)), definitions=definitions,
        journeys=tuple(
            journey_changes(old.journeys, new.journeys, old.compiled, new.compiled, old.people)
        ),
        untouched=_untouched(before, after, definitions),
        traits=tuple(trait_changes(old.compiled, new.compiled, old.people, new.people)),
        identity=_identity(old, new, node_key),
    )  # fmt: skip


def _identity(old: _Retelling, new: _Retelling, node_key: bytes) -> IdentityChange | None:
    before, after = old.compiled.project.identity, new.compiled.project.identity
    with old.state.read() as was, new.state.read() as is_:
        return identity_change(before, after, was, is_, node_key)


class _Retelling:
    """History under one project; `people` by their first identifier's node, `told` by decision."""

    def __init__(self, log: EventLog, node_key: bytes, project: Project, since_us: int) -> None:
        self._log, self._since_us = log, since_us
        self.compiled: Compiled = compile_project(project)
        self.state = MemoryState()
        self._engine = Engine(log, node_key, lambda _files: self.compiled)
        self._has_begun = False
        self.people: dict[str, Profile] = {}
        self._reservations = Reservations()
        self.told: dict[str, Answered] = {}
        self.journeys = JourneysTold(since_us)

    def run(self, head: int, now_us: int, progress: Callable[[int], None]) -> None:
        """Up to record `head`: a platform that runs goes on appending."""
        for records in _pieces(self._log, head):
            kept = [record for record in records if self._is_kept(record)]
            with self.state.write() as writer:
                for group in _groups(kept):
                    self._decide_again(group[0])
                    self.journeys.hear(self._engine.fold(writer, group))
            progress(records[-1].offset)
        self._settle(now_us)

    def _is_kept(self, record: Record) -> bool:
        """One version is in force all along, from the first; its features need no building."""
        if record.kind == "project":
            is_first, self._has_begun = not self._has_begun, True
            return is_first
        return record.kind not in {"definition", "output", "erased"}

    def _settle(self, now_us: int) -> None:
        with self.state.read() as reader:
            profiles = [decode_profile(raw) for _, raw in reader.scan("profile")]
        self._cut(profiles, now_us)
        for profile in profiles:
            self.journeys.hear(self.compiled.advance(profile, now_us))
            self.compiled.settle(profile, now_us, "definition")
            self.people[profile.person] = profile

    def _cut(self, profiles: Sequence[Profile], now_us: int) -> None:
        """Quintiles and fits from the population that the replay ends with."""
        compiled = self.compiled
        values: dict[str, list[float]] = {name: [] for name in compiled.quintiles}
        rows = Rows(compiled.project.features)
        for profile in profiles:
            for name, value in compiled.quintile_values(profile, now_us, values).items():
                values[name].append(value)
            rows.add(partial(compiled.feature_values, profile, now_us))
        cuts = {name: quintile_cuts(population) for name, population in values.items()}
        known = {name: cut for name, cut in cuts.items() if cut is not None}
        compiled.use_cuts(known, rows.fits())

    def _decide_again(self, record: Record) -> None:
        recorded = recorded_decision(record)
        if recorded is None or record.appended_us < self._since_us:
            return
        profile = self._engine.known(record)
        again = decided_again(self.compiled, record, profile, self._reservations)
        self.told[record.event.id] = Answered(_shown(recorded), _shown(again))


def _pieces(log: EventLog, head: int) -> Iterator[list[Record]]:
    """The log up to `head`, with what was imported first of all as if it had come when it happened:
    in that order, at those instants.
    """
    after, imported, rest = -1, list[Record](), list[Record]()
    while not rest and (records := log.read(after, min(_PIECE, head - after))):
        after = records[-1].offset
        for at, record in enumerate(records):
            if record.event.identifiers and record.event.context.get("auth") != "import":
                rest = records[at:]
                break
            imported.append(record)
        if len(imported) > _IMPORTED_MAX:
            break
    yield from _in_order(imported)
    if rest:
        yield rest
    while records := log.read(after, min(_PIECE, head - after)):
        yield records
        after = records[-1].offset


def _in_order(imported: list[Record]) -> Iterator[list[Record]]:
    at = [
        0 if record.kind == "project" else lived_us(record.event, record.appended_us)
        for record in imported
    ]
    order = sorted(range(len(imported)), key=at.__getitem__)
    for start in range(0, len(order), _PIECE):
        yield [
            msgspec.structs.replace(
                imported[index], offset=imported[start + place].offset,
                appended_us=at[index] or imported[index].appended_us,
            )
            for place, index in enumerate(order[start : start + _PIECE])
        ]  # fmt: skip


def _shown(decision: Decision) -> dict[str, Shown]:
    return {
        placed.id: tuple((item.offer, item.variant) for item in placed.items)
        for placed in decision.placements
    }


def _groups(records: Sequence[Record]) -> Iterator[list[Record]]:
    """Runs of records with each decision at the head of its own: it is decided before it folds."""
    group: list[Record] = []
    for record in records:
        if record.kind == "decision" and group:
            yield group
            group = []
        group.append(record)
    if group:
        yield group


def _segments(old: _Retelling, new: _Retelling, now_us: int) -> Iterator[SegmentChange]:
    had = {
        name for name, each in old.compiled.project.segments.items() if each.kind != "contextual"
    }
    has = {
        name for name, each in new.compiled.project.segments.items() if each.kind != "contextual"
    }
    for name in sorted(had | has):
        was = {p for p, profile in old.people.items() if name in profile.memberships}
        is_ = {p for p, profile in new.people.items() if name in profile.memberships}
        entering, leaving = sorted(is_ - was), sorted(was - is_)
        if not entering and not leaving and (name in had) == (name in has):
            continue
        movers = [
            Mover(p, "enters", _because(old, new, p, name, now_us)) for p in entering[:EXAMPLES]
        ]
        movers += [
            Mover(p, "leaves", _because(old, new, p, name, now_us))
            for p in leaving[: EXAMPLES - min(len(movers), EXAMPLES - 1)]
        ]
        yield SegmentChange(
            name, len(was) if name in had else None, len(is_) if name in has else None,
            len(entering), len(leaving), tuple(movers[:EXAMPLES]),
        )  # fmt: skip


def _because(old: _Retelling, new: _Retelling, person: str, segment: str, now_us: int) -> str:
    """The leaf that decides, with what it met: first of all one that the old condition lacks."""
    typed, profile = new.compiled.bound.segments.get(segment), new.people.get(person)
    if typed is None or profile is None:
        return "the segment is gone" if typed is None else "the person is another one now"
    _, _, reasons = evaluate(typed, new.compiled.view(profile), now_us)
    if not reasons:
        return typed.text
    before = old.compiled.bound.segments.get(segment)
    known = set(before.texts.values()) if before is not None else set()
    leaf = next((one for one in reasons if one.text not in known), reasons[0])
    met = ", ".join(f"{one.text} = {one.value}" for one in leaf.operands)
    return f"{leaf.text} ({met})" if met else leaf.text


def _stages(old: _Retelling, new: _Retelling) -> Iterator[SegmentChange]:
    names = sorted({*old.compiled.project.lifecycles, *new.compiled.project.lifecycles})
    for lifecycle in names:
        was, is_ = _by_stage(old, lifecycle), _by_stage(new, lifecycle)
        for stage in sorted({*was, *is_}):
            before, after = was.get(stage, set()), is_.get(stage, set())
            if before != after:
                yield SegmentChange(
                    f"{lifecycle}/{stage}", len(before), len(after),
                    len(after - before), len(before - after),
                )  # fmt: skip


def _by_stage(told: _Retelling, lifecycle: str) -> dict[str, set[str]]:
    if lifecycle not in told.compiled.project.lifecycles:
        return {}
    found: dict[str, set[str]] = {}
    for person, profile in told.people.items():
        found.setdefault(told.compiled.view(profile).stage(lifecycle), set()).add(person)
    return found


def _decisions(old: _Retelling, new: _Retelling) -> Iterator[DecisionChange]:
    """Both projects decide again, so what differs is due to the change and to nothing else."""
    compared: dict[str, int] = {}
    differing: dict[str, list[str]] = {}
    for decision, answered in new.told.items():
        before = old.told[decision]
        for placement, would in answered.again.items():
            compared[placement] = compared.get(placement, 0) + 1
            was = before.again.get(placement, ())
            if was == would:
                continue
            recorded = before.recorded.get(placement, ())
            shown = _named(was if recorded == would else recorded)
            told = f"decision {decision} showed {shown}, would show {_named(would)}"
            differing.setdefault(placement, []).append(told)
    for placement, examples in sorted(differing.items()):
        shown_examples = tuple(examples[:EXAMPLES])
        yield DecisionChange(placement, compared[placement], len(examples), shown_examples)


def _definitions(before: Project, after: Project) -> dict[str, Change]:
    """`segment/vip` → added, changed or removed; renames of files and spacing change nothing."""
    found: dict[str, Change] = {}
    for kind in _KINDS:
        was, is_ = getattr(before, kind), getattr(after, kind)
        for name in sorted({*was, *is_}):
            if name not in was:
                found[f"{kind[:-1]}/{name}"] = "added"
            elif name not in is_:
                found[f"{kind[:-1]}/{name}"] = "removed"
            elif was[name] != is_[name]:
                found[f"{kind[:-1]}/{name}"] = "changed"
    for name in ("identity", "settings", "schemas", "traits", "taxonomies", "templates", "bodies"):
        if getattr(before, name) != getattr(after, name):
            found[name] = "changed"
    return found


def _untouched(before: Project, after: Project, definitions: dict[str, Change]) -> int:
    known = sum(len({*getattr(before, kind), *getattr(after, kind)}) for kind in _KINDS)
    return known - sum("/" in name for name in definitions)


def _named(items: Shown) -> str:
    return ", ".join(offer for offer, _ in items) if items else "nothing"


def require_history(log: EventLog) -> None:
    if log.head()[0] < 1:
        raise UsageError("there is no recorded history yet; import some or start the platform")
