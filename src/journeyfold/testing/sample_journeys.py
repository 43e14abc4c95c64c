"""Made-up journeys with made-up figures that add up, as `SampleDesk` shows them."""

from __future__ import annotations

from collections.abc import Mapping

from journeyfold.core.chance import uniform
from journeyfold.journey.control import Move
from journeyfold.journey.definition import Journey
from journeyfold.journey.report import Side, lift
from journeyfold.project.figures import (
    ArmFigures,
    MessageFigures,
    StageMove,
    StepFigures,
    VersionFigures,
)
from journeyfold.project.plan_report import JourneyChange, JourneyDay, PlannedMessage

CART = """# who left a cart behind hears of it once, then is asked back with an offer
title: Cart abandoned
stage: consideration
entry:
  - event: "Cart Updated"
    where: properties.value >= 20
    key: properties.cart_id   # one run a cart
filter: consent("marketing_email")
exit:
  - {event: "Order Completed", reason: ordered}
goal: {event: "Order Completed", within: 7d, value: properties.total}
holdout: {percent: 10, salt: cart-2026}
policy: {purpose: marketing_email, caps: [marketing]}
steps:
  - {id: pause, wait: {for: 5m}}
  - id: bought     # most come back by themselves
    wait_for: {any: [{event: "Order Completed", goto: done}], timeout: 1h}
  - {id: split, split: {salt: cart-2026, arms: {plain: {weight: 50, goto: mail}, offer: {weight: 50}}}}
  - {id: pick, decide: {placement: cart-mail, save: offer}}
  - {id: mail, send: {channel: email, template: cart, expires: 4h}}
  - id: late
    wait_for: {any: [{event: "Order Completed", goto: done}], timeout: 3d}
  - {id: again, goto: mail, max: 2}
  - {id: done, exit: completed}
"""
WELCOME = """title: Welcome
stage: awareness
entry: [{event: "Signed Up"}]
holdout: {percent: 5, salt: welcome}
goal: {event: "Order Completed", within: 14d}
policy: {purpose: marketing_email}
steps:
  - {id: hello, send: {channel: email, template: welcome}}
  - {id: days, wait: {local_days: 3}}
  - id: vip
    branch: [{if: 'traits.tier == "gold"', goto: gold}, {else: tips}]
  - {id: tips, send: {channel: email, template: tips}}
  - {id: end, goto: done}
  - {id: gold, send: {channel: email, template: gold}}
  - {id: mark, update: {traits: {welcomed: true}}}
  - {id: done, exit: completed}
"""
LONG = """title: A journey with a name that is longer than anybody would think of when a table is drawn
entry:
  - {segment: {id: a-segment-with-a-very-long-name-that-somebody-wrote-once, edge: entered}}
policy: {purpose: marketing_email}
steps:
  - {id: a-step-with-a-rather-long-name-too, wait: {until: "09:00", days: [1, 2, 3, 4, 5]}}
  - {id: crm, webhook: {destination: a-destination-with-a-long-name}}
"""
TEXTS = {"cart-abandoned": CART, "welcome": WELCOME, "win-back-of-the-lapsed-by-spend": LONG}


def figures_of(journey: Journey, version: str, people: int) -> VersionFigures:
    """People fall through the steps by a keyed chance; every sum comes out right."""
    steps: dict[str, StepFigures] = {}
    ended: dict[str, int] = {}
    coming = people
    previous = ""
    for at, step in enumerate(journey.steps):
        of = steps[step.id] = StepFigures(entered=coming, reached=coming)
        if previous:
            steps[previous].to[step.id] = coming
        is_last = at == len(journey.steps) - 1
        leaves = coming if is_last and step.kind == "exit" else _part(coming, step.id, "out", 0.2)
        stays = 0 if is_last else _part(coming, step.id, "here", 0.03)
        stays = stays if step.kind in {"wait", "wait_for"} else 0
        reason = "completed" if is_last else "ordered"
        if leaves:
            of.dropped[reason] = leaves
            ended[reason] = ended.get(reason, 0) + leaves
        of.waiting, of.passed = stays, coming - leaves - stays
        if step.kind == "send":
            capped, denied = _part(coming, step.id, "cap", 0.08), _part(coming, step.id, "no", 0.05)
            of.skipped = {"cap": capped, "consent": denied, "holdout": coming // 10}
            of.held = {"quiet": _part(coming, step.id, "quiet", 0.2)}
        coming, previous = of.passed, step.id
    treated, held_out = people - people // 10, people // 10
    return VersionFigures(
        version=version, entered=people, running=people - sum(ended.values()), ended=ended,
        refused={"min_interval": people // 30, "filter": people // 70} if people else {},
        lift=lift(_side(treated, 0.234), _side(held_out, 0.18)), steps=steps,
        arms=_arms(journey, treated), messages=_messages(journey, version, steps),
    )  # fmt: skip


def moves_of(figures: VersionFigures) -> tuple[StageMove, ...]:
    """From consideration to purchase, more of those sent to."""
    if not figures.entered:
        return ()
    treated, held_out = figures.lift.treated.people, figures.lift.held_out.people
    return tuple(
        StageMove(
            days, "shop", "consideration", "purchase", int(treated * more) + int(held_out * few),
            lift(Side(treated, int(treated * more)), Side(held_out, int(held_out * few))),
        )
        for days, more, few in ((7, 0.11, 0.07), (30, 0.19, 0.15))
    )  # fmt: skip


def planned(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[JourneyChange, ...]:
    """One for each journey whose text differs."""
    return tuple(
        JourneyChange(
            path[9:-5], "changed" if path in before else "added", "0" * 12,
            412 if path in before else None, 398, 377, 38, 291,
            messages=(PlannedMessage("mail", "cart", 291),),
            days=(
                JourneyDay("2026-11-20", 201, 150, {"quiet": 31}, {"cap": 12}),
                JourneyDay("2026-11-21", 197, 141, {"quiet": 28}, {"cap": 9, "consent": 4}),
            ),
            moves=(Move("pause", 343), Move("bought", 302, "", "it waits for another event")),
        )
        for path, text in sorted(after.items())
        if path.startswith("journeys/") and before.get(path) != text
    )  # fmt: skip


def _part(people: int, step: str, what: str, most: float) -> int:
    return int(people * most * uniform("sample", step, what))


def _side(people: int, rate: float) -> Side:
    goals = int(people * rate)
    return Side(people, goals, goals * 61_000_000, goals * 61_000_000**2)


def _arms(journey: Journey, treated: int) -> tuple[ArmFigures, ...]:
    if not treated:
        return ()
    return tuple(
        ArmFigures(
            step.id,
            arm,
            lift(_side(treated * of.weight // 100, 0.218 + 0.032 * at), _side(treated // 18, 0.18)),
        )
        for step in journey.steps
        if step.split is not None
        for at, (arm, of) in enumerate(step.split.arms.items())
    )


def _messages(
    journey: Journey, version: str, steps: dict[str, StepFigures]
) -> tuple[MessageFigures, ...]:
    found = []
    for step in journey.steps:
        reached = steps[step.id].reached
        if step.send is None or not reached:
            continue
        sent = reached - sum(steps[step.id].skipped.values())
        side = _side(reached - reached // 10, 0.234), _side(reached // 10, 0.18)
        found.append(
            MessageFigures(
                journey.journey, version, step.id, step.send.channel, step.send.template or "", "",
                sent=sent, delivered=sent - sent // 80, opened=sent // 3, opened_by_machine=sent // 9,
                clicked=sent // 14, bounced=sent // 80, unsubscribed=sent // 400,
                goals=sent // 5, value_micros=sent // 5 * 61_000_000, lift=lift(*side),
            )
        )  # fmt: skip
    return tuple(found)
