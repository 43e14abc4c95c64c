"""A step in a few words: what the list, the drawing and the forms say of it. Pure."""

from __future__ import annotations

from journeyfold.console.wording import NBSP
from journeyfold.journey.definition import Entry, Exit, Journey
from journeyfold.journey.step import Step, Wait, WaitFor

ICONS = {
    "wait": "clock", "wait_for": "eye", "branch": "branch", "split": "split", "send": "mail",
    "decide": "pick", "update": "pen", "webhook": "outbox", "goto": "redo", "exit": "flag",
}  # fmt: skip
NAMES = {
    "wait": "Wait", "wait_for": "Wait for an event", "branch": "Branch", "split": "Split",
    "send": "Send a message", "decide": "Decide on an offer", "update": "Set a trait",
    "webhook": "Call a destination", "goto": "Go to a step", "exit": "End here",
}  # fmt: skip
_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
_SHORT = {"s": "s", "m": "min", "h": "h", "d": "d", "w": "wk"}
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def said(step: Step) -> str:
    """What it does, without its name."""
    match step.kind:
        case "wait":
            return waiting(step.wait or Wait(length="0s"))
        case "wait_for":
            return "" if step.wait_for is None else hearing(step.wait_for)
        case "branch":
            ways = len(step.branch or ())
            return "one way, else on" if ways == 1 else f"{ways} ways"
        case "split":
            arms = step.split.arms if step.split else {}
            return " · ".join(f"{name} {arm.weight}" for name, arm in arms.items())
        case "send":
            return _sending(step)
        case "decide":
            return step.decide.placement if step.decide else ""
        case "update":
            return ", ".join(step.update.traits) if step.update else ""
        case "webhook":
            return f"to {step.webhook.destination}" if step.webhook else ""
        case "exit":
            return step.exits or ""
        case _:
            most = f", {step.max} times at most" if step.max else ""
            return f"to {step.goto}{most}"


def waiting(wait: Wait) -> str:
    if wait.length is not None:
        return spelled(wait.length)
    if wait.until is not None:
        return f"until {wait.until}" + (f", {_weekdays(wait.days)}" if wait.days else "")
    if wait.local_days is not None:
        return f"{wait.local_days} {'day' if wait.local_days == 1 else 'days'}, same time of day"
    if wait.local_months is not None:
        return f"{wait.local_months} {'month' if wait.local_months == 1 else 'months'}"
    if wait.offset in ("0s", "-0s"):
        return f"until {wait.at}"
    side = "before" if wait.offset.startswith("-") else "after"
    return f"{spelled(wait.offset.removeprefix('-'))} {side} {wait.at}"


def hearing(wait: WaitFor) -> str:
    names = list(dict.fromkeys(each.event for each in wait.events))
    others = f" +{len(names) - 1}" if len(names) > 1 else ""
    return f"{names[0]}{others}, {shortly(wait.timeout)}"


def spelled(length: str) -> str:
    """`5m` → `5 minutes`."""
    number, unit = length[:-1], _UNITS.get(length[-1:], "")
    return f"{number}{NBSP}{unit}{'' if number == '1' else 's'}" if unit else length


def shortly(length: str) -> str:
    return f"{length[:-1]}{NBSP}{_SHORT.get(length[-1:], length[-1:])}"


def entering(entry: Entry) -> tuple[str, str, str]:
    """(picture, name, what else it asks)."""
    asks = entry.where or ""
    if entry.event is not None:
        return "bolt", entry.event, asks
    if entry.segment is not None:
        return "segment", f"{entry.segment.edge} {entry.segment.id}", asks
    if entry.stage is not None:
        return "flag", f"{entry.stage.lifecycle}: {entry.stage.to}", asks
    if entry.schedule is not None:
        return "clock", f"at {entry.schedule.cron}", f"everybody in {entry.schedule.audience}"
    return "source", "asked by the API", asks


def leaving(each: Exit) -> str:
    """One rule by which people leave from any step."""
    if each.event is not None:
        return f"{each.event}" + (f" where {each.where}" if each.where else "")
    return f"after {spelled(each.after)}" if each.after else str(each.when)


def reason_of(each: Exit) -> str:
    return each.reason or each.event or ("timeout" if each.after else "exit")


def titled(journey: Journey) -> str:
    """The title, else the id as words."""
    return journey.title or journey.journey.replace("-", " ").replace("_", " ").capitalize()


def _sending(step: Step) -> str:
    if step.send is None:
        return ""
    what = step.send.template or f"by stage of {step.send.by_stage.get('lifecycle')}"
    return f"{step.send.channel}, {what}"


def _weekdays(days: tuple[int, ...]) -> str:
    ordered = sorted(set(days))
    names = [_DAYS[day - 1] for day in ordered]
    is_run = len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1
    return f"{names[0]} to {names[-1]}" if is_run else ", ".join(names)
