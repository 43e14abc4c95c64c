"""The overview: is it fine, what needs a person, and where did every record go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from journeyfold.api.cards import (
    Health,
    HeldReason,
    ProjectCard,
    SegmentCard,
    SourceCard,
    Tally,
)
from journeyfold.api.read import edges_of, sum_of
from journeyfold.console import arrivals, wording
from journeyfold.console.ask import Ask
from journeyfold.console.code import CodeLine, diff_lines
from journeyfold.console.rate_chart import rate_chart, top_of
from journeyfold.core.instant import DAY_US, MINUTE_US, SECOND_US
from journeyfold.project.quality_report import FreshLine

FOLD_LATE_US = 10 * SECOND_US
LATEST = 11
_WORDS = {2: "Two", 3: "Three", 4: "Four", 5: "Five", 6: "Six", 7: "Seven"}
_RANGES = {"today": 0, "7d": 7, "28d": 28}


class Need(msgspec.Struct, frozen=True):
    """Something that waits for a person: a cause, a count, one step."""

    title: str
    text: str
    href: str = ""
    step: str = ""
    level: str = "warn"  # bad | warn | info


class Change(msgspec.Struct, frozen=True):
    """What the last publish changed in one file."""

    path: str
    lines: list[CodeLine]


def show(ask: Ask) -> Response:
    chosen = ask.query.get("last", "today")
    days = _RANGES.get(chosen, 0)
    since_us = ask.dates.midnight() if not days else ask.now_us - days * DAY_US
    tallies = ask.desk.log.tallies(since_us)
    total = sum_of(tallies)
    reasons = ask.desk.quarantine.reasons()
    folded, folded_us = ask.desk.log.folded()
    head, _ = ask.desk.log.head()
    health = ask.desk.health()
    sources = ask.desk.project.sources()
    behind = max(0, head - folded)
    fold_lag_us = max(0, ask.now_us - folded_us) if behind else 0
    needs = needs_of(ask, reasons, sources, health, fold_lag_us)
    return ask.page(
        "overview.html",
        title="Overview",
        place="/",
        chosen=chosen if chosen in _RANGES else "today",
        since_us=since_us,
        total=total,
        reasons=reasons[:5],
        held=sum(reason.waiting for reason in reasons),
        behind=behind,
        fold_lag_us=fold_lag_us,
        health=health,
        people=ask.desk.people.total(),
        segments=_largest(ask),
        stages=ask.desk.segments.stages(),
        needs=needs,
        lede=_sentence(total, needs, days),
        changes=changes_of(ask.project),
        minutes=_minutes(ask),
        per_second=ask.offsets.between([ask.now_us - MINUTE_US, ask.now_us])[0] / 60,
        rate_chart=rate_chart(ask, days),
        latest=arrivals.page(ask.desk, arrivals.Filter(), 0, LATEST).rows[:LATEST],
    )


def needs_of(
    ask: Ask,
    reasons: Sequence[HeldReason],
    sources: Sequence[SourceCard],
    health: Health,
    fold_lag_us: int,
) -> list[Need]:
    """Loudest first: what stops, what waits, what is only to be watched."""
    live = {source.id for source in sources if source.env == "live"}
    found = list(_refused(ask.project))
    if fold_lag_us > FOLD_LATE_US:
        lag = wording.lasting(fold_lag_us)
        text = f"Decisions see profiles {lag} old. Nothing is lost; the log keeps what waits."
        found.append(Need(f"The fold is {lag} behind", text, "/live", "See the log", "bad"))
    if health.parked:
        title = f"{wording.plural(health.parked, 'record')} could not be folded"
        found.append(
            Need(title, "Parked with the reason; a replay takes them up again.", level="bad")
        )
    found += [_held(ask, reason) for reason in reasons[:3]]
    return [*found, *_behind(ask.desk.quality.freshness(), live)]


def _behind(sources: Sequence[FreshLine], live: AbstractSet[str]) -> Iterator[Need]:
    """As Sources and Quality say it. What has never sent is behind nothing: it waits for whoever
    sets it up.
    """
    for source in sources:
        if source.state in {"late", "stale"}:
            level = "warn" if source.state == "stale" and source.source in live else "info"
            told = source.told.partition(": ")[2]
            yield Need(
                f"{source.source} is {source.state}", f"{told[:1].upper()}{told[1:]}.",
                f"/sources#{source.source}", "See the source", level,
            )  # fmt: skip
    unsent = [source.source for source in sources if source.state == "silent"]
    if unsent:
        title = f"Nothing came yet from {wording.plural(len(unsent), 'source')}"
        text = f"{wording.listed(unsent)}: how to begin stands on Sources."
        yield Need(title, text, f"/sources#{unsent[0]}", "How to send", "info")


def changes_of(project: ProjectCard, files_max: int = 3) -> list[Change]:
    """The last publish as the difference to the version before it."""
    if not project.previous:
        return []
    changed = [
        Change(path, diff_lines(project.previous.get(path, ""), project.files.get(path, ""), 1))
        for path in sorted(project.files.keys() | project.previous.keys())
        if project.files.get(path) != project.previous.get(path)
    ]
    return changed[:files_max]


def _refused(project: ProjectCard) -> list[Need]:
    if not project.refused:
        return []
    first = project.refused[0]
    return [
        Need(
            "A change of the project is not in force",
            f"{first}. The version before it keeps running.",
            "/settings",
            "See what check says",
            "bad",
        )
    ]


def _held(ask: Ask, reason: HeldReason) -> Need:
    since = ask.dates.when(reason.first_us)
    where = f" at {reason.pointer}" if reason.pointer else ""
    return Need(
        f"{wording.plural(reason.waiting, 'message')} in quarantine: {reason.code}",
        f"{reason.name or 'Unnamed'} from {reason.source}{where}, since {since}.",
        f"/quarantine?{_held_query(reason)}",
        "Look and replay",
    )


def _held_query(reason: HeldReason) -> str:
    return urlencode({"code": reason.code, "source": reason.source, "name": reason.name})


def _sentence(total: Tally, needs: Sequence[Need], days: int) -> str:
    """The answer first: is everything accounted for, and how much waits for a person."""
    span = "since midnight" if not days else f"in {days} days"
    if total.received == 0:
        return f"Nothing was received {span}."
    waiting = [need for need in needs if need.level != "info"]
    said = f"All {total.received:,} messages received {span} are accounted for."
    match len(waiting):
        case 0:
            return f"{said} Nothing needs you."
        case 1:
            return f"{said} One thing needs you."
        case count:
            return f"{said} {_WORDS.get(count, str(count))} things need you."


def _minutes(ask: Ask) -> list[float]:
    """Records of each of the last forty whole minutes, a burst cut to keep the others visible."""
    end_us = ask.now_us // MINUTE_US * MINUTE_US
    counts = ask.offsets.between(edges_of(end_us - 40 * MINUTE_US, end_us, MINUTE_US))
    top = top_of(counts)
    return [min(count, top) for count in counts]


def _largest(ask: Ask) -> list[SegmentCard]:
    sized = [card for card in ask.desk.segments.segments() if card.size is not None]
    return sorted(sized, key=lambda card: -(card.size or 0))[:6]
