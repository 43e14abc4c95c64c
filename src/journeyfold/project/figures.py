"""What became of a journey and its messages: the rows of `project/counting.py`, read.

`journey_figures` reads one journey, version by version and all together; `message_figures` every
message that went out. Both read one committed state and change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from journeyfold.core.ports import StateReader
from journeyfold.journey.report import Lift, Side, lift
from journeyfold.project.counting import HELD_OUT, MIGRATED, PREFIX, TREATED, row_key

ALL = ""  # in the place of a version: all of them together


class StepFigures(msgspec.Struct):
    """`entered` counts arrivals, `reached` runs; `to` are the steps they went on to, `dropped` the
    reasons for which runs ended here. Held and skipped messages by gate.
    """

    entered: int = 0
    waiting: int = 0  # here now
    passed: int = 0
    reached: int = 0
    to: dict[str, int] = {}
    dropped: dict[str, int] = {}
    held: dict[str, int] = {}
    skipped: dict[str, int] = {}


class ArmFigures(msgspec.Struct, frozen=True):
    """One arm of a split; the lift is over those of the same arm who are held out."""

    step: str
    arm: str
    lift: Lift


class MessageFigures(msgspec.Struct):
    """Messages of one step by template and arm (`STEP=ARM`, several by commas).

    Opens and clicks are unique by message; those of machines stand apart and are in no rate.
    `lift` compares the runs that came to this step with these arms and for this template, whether
    or not a message went out, with those held out that came to it in the same way.
    """

    journey: str
    version: str
    step: str
    channel: str
    template: str
    arm: str
    sent: int = 0
    delivered: int = 0
    opened: int = 0
    opened_by_machine: int = 0
    clicked: int = 0
    clicked_by_machine: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0
    failed: int = 0
    unknown: int = 0
    goals: int = 0  # of runs whose message of this line went out before
    value_micros: int = 0
    lift: Lift | None = None

    @property
    def reached_people(self) -> int:
        """What open and click rates are of: sent and not bounced."""
        return max(0, self.sent - self.bounced)


class VersionFigures(msgspec.Struct, frozen=True):
    """`version` is empty for all versions together. A run that migrated has `entered` the version
    it began in, and counts a goal in the one it was in then.
    """

    version: str
    entered: int
    running: int
    ended: dict[str, int]  # reason → runs
    refused: dict[str, int]  # reason → times
    lift: Lift
    steps: dict[str, StepFigures]
    arms: tuple[ArmFigures, ...]
    messages: tuple[MessageFigures, ...]

    @property
    def goals(self) -> int:
        return self.lift.treated.goals + self.lift.held_out.goals


class StageMove(msgspec.Struct, frozen=True):
    """Runs whose person moved between stages within `days` after the entry, each once; the lift is
    of those who entered.
    """

    days: int
    lifecycle: str
    came_from: str
    to: str
    people: int
    lift: Lift


class JourneyFigures(msgspec.Struct, frozen=True):
    journey: str
    total: VersionFigures
    versions: dict[str, VersionFigures]
    stage_moves: tuple[StageMove, ...] = ()


class StageFigures(msgspec.Struct, frozen=True):
    """All journeys with one `stage` label (journeys S4). Runs count, not people: somebody in two
    journeys is twice in the lift.
    """

    stage: str
    journeys: tuple[str, ...]
    entered: int
    sent: int
    held: dict[str, int]  # by gate
    skipped: dict[str, int]
    lift: Lift
    moves: tuple[StageMove, ...] = ()


Way = tuple[int, str, str, str]
"""(days, lifecycle, from, to)."""
Counts = Mapping[tuple[str, ...], int]
"""(what, of what, …) → how many, of one version."""


def journey_figures(reader: StateReader, journey: str) -> JourneyFigures:
    """All zeros for a journey nobody has entered."""
    counts: dict[str, dict[tuple[str, ...], int]] = {}
    for (_, version, *rest), n in _rows(reader, row_key(journey) + b"\0"):
        counts.setdefault(version, {})[tuple(rest)] = n
    without = counts.pop(ALL, {})
    versions = {version: _version(journey, version, counts[version]) for version in sorted(counts)}
    total = _version(journey, ALL, _summed(counts.values()))
    ways: dict[Way, dict[str, int]] = {}
    for (_, days, lifecycle, came_from, to, side), n in without.items():
        ways.setdefault((int(days), lifecycle, came_from, to), {})[side] = n
    return JourneyFigures(journey, total, versions, tuple(_stage_moves(ways, total.lift)))


def _stage_moves(ways: Mapping[Way, Mapping[str, int]], entered: Lift) -> Iterator[StageMove]:
    people = {TREATED: entered.treated.people, HELD_OUT: entered.held_out.people}
    for way, n in sorted(ways.items()):
        sides = (Side(people[side], n.get(side, 0)) for side in (TREATED, HELD_OUT))
        yield StageMove(*way, sum(n.values()), lift(*sides))


def counted_journeys(reader: StateReader) -> list[str]:
    """Journeys that have ever counted anything, also those no longer in the project."""
    return sorted({parts[0] for parts, _ in _rows(reader, PREFIX)})


def message_figures(reader: StateReader) -> list[MessageFigures]:
    """Every message that went out, all versions of its journey together."""
    return [
        message
        for journey in counted_journeys(reader)
        for message in journey_figures(reader, journey).total.messages
    ]


def stage_figures(
    journeys: Mapping[str, str], told: Iterable[JourneyFigures]
) -> list[StageFigures]:
    """`journeys` is journey → its label; those without one are left out."""
    by_stage: dict[str, list[JourneyFigures]] = {}
    for each in told:
        if journeys.get(each.journey):
            by_stage.setdefault(journeys[each.journey], []).append(each)
    return [_stage(stage, each) for stage, each in sorted(by_stage.items())]


def _stage(stage: str, told: list[JourneyFigures]) -> StageFigures:
    totals = [each.total for each in told]
    steps = [step for total in totals for step in total.steps.values()]
    ways: dict[Way, dict[str, int]] = {}
    for move in (move for each in told for move in each.stage_moves):
        sides = ways.setdefault((move.days, move.lifecycle, move.came_from, move.to), {})
        for side, of in ((TREATED, move.lift.treated), (HELD_OUT, move.lift.held_out)):
            sides[side] = sides.get(side, 0) + of.goals
    compared = lift(
        _together(total.lift.treated for total in totals),
        _together(total.lift.held_out for total in totals),
    )
    return StageFigures(
        stage=stage,
        journeys=tuple(each.journey for each in told),
        entered=sum(total.entered for total in totals),
        sent=sum(message.sent for total in totals for message in total.messages),
        held=_added(step.held for step in steps),
        skipped=_added(step.skipped for step in steps),
        lift=compared,
        moves=tuple(_stage_moves(ways, compared)),
    )


def _added(several: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for name, n in (pair for each in several for pair in sorted(each.items())):
        total[name] = total.get(name, 0) + n
    return total


def _together(sides: Iterable[Side]) -> Side:
    total = Side()
    for one in sides:
        total = Side(
            total.people + one.people, total.goals + one.goals,
            total.value_micros + one.value_micros, total.value_squares + one.value_squares,
        )  # fmt: skip
    return total


def _rows(reader: StateReader, prefix: bytes) -> Iterator[tuple[list[str], int]]:
    stop = prefix[:-1] + bytes([prefix[-1] + 1])
    for key, value in reader.scan("count", prefix, stop):
        parts = key[len(PREFIX) :].decode().split("\0")
        yield parts, int.from_bytes(value, "big", signed=True)


def _summed(all_counts: Iterable[Counts]) -> dict[tuple[str, ...], int]:
    total: dict[tuple[str, ...], int] = {}
    for counts in all_counts:
        for parts, n in counts.items():
            total[parts] = total.get(parts, 0) + n
    return total


def _version(journey: str, version: str, counts: Counts) -> VersionFigures:
    ended = _totals(counts, "left", 2)
    entered = sum(counts.get(("entered", side), 0) for side in (TREATED, HELD_OUT))
    return VersionFigures(
        version=version,
        entered=entered,
        running=entered + counts.get(("joined",), 0) - sum(ended.values()),
        ended=ended if version else {why: n for why, n in ended.items() if why != MIGRATED},
        refused=_totals(counts, "refused", 1),
        lift=_lift(counts, ("entered",), ("goal",)),
        steps=_steps(counts),
        arms=tuple(_arms(counts)),
        messages=tuple(_messages(journey, version, counts)),
    )


def _totals(counts: Counts, what: str, at: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for parts, n in sorted(counts.items()):
        if parts[0] == what:
            found[parts[at]] = found.get(parts[at], 0) + n
    return found


def _steps(counts: Counts) -> dict[str, StepFigures]:
    found: dict[str, StepFigures] = {}

    def of(step: str) -> StepFigures:
        return found.setdefault(step, StepFigures())

    for parts, n in sorted(counts.items()):
        match parts:
            case ("flow", came_from, to):
                of(to).entered += n
                of(to).waiting += n
                if came_from:
                    before = of(came_from)
                    before.to[to] = n
                    before.passed += n
                    before.waiting -= n
            case ("left", step, reason):
                of(step).dropped[reason] = n
                of(step).waiting -= n
            case ("reached", step, _):
                of(step).reached += n
            case ("held" | "skipped" as what, step, gate):
                gates = of(step).held if what == "held" else of(step).skipped
                gates[gate] = n
            case _:
                pass
    return found


def _arms(counts: Counts) -> Iterator[ArmFigures]:
    arms = sorted({(parts[1], parts[2]) for parts in counts if parts[0] == "arm"})
    for step, arm in arms:
        yield ArmFigures(step, arm, _lift(counts, ("arm", step, arm), ("arm_goal", step, arm)))


def _messages(journey: str, version: str, counts: Counts) -> Iterator[MessageFigures]:
    lines: dict[tuple[str, str, str, str], MessageFigures] = {}
    for parts, n in sorted(counts.items()):
        if parts[0] != "message":
            continue
        _, step, channel, template, arm, what = parts
        line = step, channel, template, arm
        if line not in lines:
            lines[line] = MessageFigures(journey, version, *line)
            lines[line].lift = _lift(counts, ("line", *line), ("line_goal", *line))
        field = _FIELDS.get(what, what)
        if field in MessageFigures.__struct_fields__:  # not every mark of a message is shown here
            setattr(lines[line], field, n)
    yield from lines.values()


_FIELDS = {
    "value": "value_micros",
    "machine_opened": "opened_by_machine",
    "machine_clicked": "clicked_by_machine",
}


def _lift(counts: Counts, people: tuple[str, ...], goals: tuple[str, ...]) -> Lift:
    return lift(*(_side(counts, people, goals, side) for side in (TREATED, HELD_OUT)))


def _side(counts: Counts, people: tuple[str, ...], goals: tuple[str, ...], side: str) -> Side:
    reached = (*goals, side)
    goals_n = counts.get((*reached, "n"), 0)
    return Side(
        max(counts.get((*people, side), 0), goals_n),  # who migrated was counted elsewhere
        goals_n, counts.get((*reached, "sum"), 0), counts.get((*reached, "squares"), 0),
    )  # fmt: skip
