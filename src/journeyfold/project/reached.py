"""Can what a journey hands over reach anybody: does a destination take it, has each stage its
message (journeys J4, S3)?

A message goes to the destination it names, else to the first one that carries its channel; mail
without one lies in the mailbox of development. A call goes to a destination that takes calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from journeyfold.activate.destination import Destined
from journeyfold.journey.conditions import Path
from journeyfold.journey.definition import Journey
from journeyfold.journey.step import Send
from journeyfold.project.nearest import did_you_mean
from journeyfold.segment.definition import LifecycleDefinition

Misdirected = tuple[Path, str, str]
"""(where it is written, what is wrong, what to do)"""


def misdirected(destinations: Mapping[str, Destined], journey: Journey) -> Iterator[Misdirected]:
    """Steps whose destination is there and does not take what they hand over."""
    for at, step in enumerate(journey.steps):
        if step.send is not None:
            yield from _of_send(destinations, step.send, ("steps", at, "send"))
        if step.webhook is not None:
            found = destinations.get(step.webhook.destination)
            if found is not None and "webhook" not in found.takes:
                where = ("steps", at, "webhook", "destination")
                yield where, f"'{step.webhook.destination}' takes no calls", _takes(found)


def unstaged(
    lifecycles: Mapping[str, LifecycleDefinition], journey: Journey
) -> Iterator[Misdirected]:
    """A message by stage says something of every stage, if only `null` (journeys S3)."""
    for at, step in enumerate(journey.steps):
        if step.send is None or not step.send.by_stage:
            continue
        path: Path = ("steps", at, "send", "by_stage")
        table = step.send.by_stage
        lifecycle = lifecycles.get(table["lifecycle"] or "")
        if lifecycle is None:
            continue
        stages = list(
            dict.fromkeys([lifecycle.initial, *(each.stage for each in lifecycle.stages)])
        )
        missing = [stage for stage in stages if stage not in table]
        if missing:
            yield path, f"says nothing of the stage {missing[0]}", "name a template, or write null"
        for named in table:
            if named != "lifecycle" and named not in stages:
                known = did_you_mean(named, stages)
                yield (*path, named), f"'{lifecycle.id}' has no stage '{named}'", known


def _of_send(destinations: Mapping[str, Destined], send: Send, path: Path) -> Iterator[Misdirected]:
    if send.destination is None:
        carried = any(each.channel == send.channel for each in destinations.values())
        if send.channel != "email" and not carried:
            yield (
                (*path, "channel"), f"no destination carries {send.channel}",
                "add one to destinations/, or name one that takes messages",
            )  # fmt: skip
        return
    found = destinations.get(send.destination)
    if found is None:
        return
    if "message" not in found.takes:
        yield (*path, "destination"), f"'{send.destination}' takes no messages", _takes(found)
    elif found.channel not in {"", send.channel}:
        message = f"'{send.destination}' carries {found.channel}, not {send.channel}"
        yield (*path, "destination"), message, f"write `channel: {found.channel}`"


def _takes(destined: Destined) -> str:
    return f"it takes {', '.join(sorted(destined.takes)) or 'nothing'}"
