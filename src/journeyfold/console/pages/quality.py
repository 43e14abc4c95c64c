"""Quality: how good every source is, which rules fail, since when, and on which records.

A score stands with its rules and its coverage, a value with its n. Samples are links: to the record
of an event, to a person; of tables and comparisons they are sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from journeyfold.console.ask import Ask
from journeyfold.console.wording import plural
from journeyfold.project.quality_report import DayLine, QualityCard, RuleLine

DAYS = 28  # shown of one rule
FOUND = ("error", "fail", "warn", "pass", "empty")  # by a run, the worst first
TONES = {
    "pass": ("good", "check", "passes"), "warn": ("warn", "alert", "warns"),
    "fail": ("bad", "x", "fails"), "empty": ("", "info", "no rows"),
    "error": ("bad", "alert", "cannot be run"), "fresh": ("good", "check", "fresh"),
    "late": ("warn", "clock", "late"), "stale": ("bad", "alert", "stale"),
    "silent": ("", "info", "nothing yet"), "ended": ("", "check", "ended"),
    "unknown": ("", "info", "no rhythm yet"),
}  # fmt: skip


class Sample(msgspec.Struct, frozen=True):
    text: str
    href: str = ""


class Opened(msgspec.Struct, frozen=True):
    """One rule of one source, day by day."""

    line: RuleLine
    days: Sequence[DayLine]
    samples: Sequence[Sample]


def show(ask: Ask) -> Response:
    card = ask.desk.quality.card()
    opened = _opened(ask, card)
    trend = {name: [day.score for day in days] for name, days in card.trend.items()}
    return ask.page(
        "quality.html",
        title="Quality",
        place="/quality",
        lede=sentence(card),
        card=card,
        lines=card.report.rules,
        tones=TONES,
        statuses=FOUND,
        trend=trend,
        opened=opened,
        asked=ask.query.get("asked", ""),
    )


def run(ask: Ask) -> Response:
    ask.desk.quality.ask()
    ask.desk.keys.audit(ask.user.name, "quality.run", "all rules")
    return ask.go("/quality", asked="1")


def _opened(ask: Ask, card: QualityCard) -> Opened | None:
    ruleset, rule = ask.query.get("ruleset", ""), ask.query.get("rule", "")
    source = ask.query.get("source", "")
    if not rule:
        return None
    wanted = (ruleset, rule, source)
    line = next(
        (each for each in card.report.rules if (each.ruleset, each.rule, each.source) == wanted),
        None,
    )
    if line is None:
        ask.missing(f"Rule {rule[:64]}")
    days = ask.desk.quality.days(*wanted)
    samples = [_sample(ask, line, each) for each in line.samples]
    return Opened(line, days[:DAYS], samples)


def _sample(ask: Ask, line: RuleLine, text: str) -> Sample:
    if text.startswith("p_") and " " not in text:
        return Sample(text, f"/people/{text}")
    if line.dimension in {"reconciliation", "integrity", "accuracy"} or not line.source:
        return Sample(text)
    offset = ask.desk.quality.offset_of(line.source, text)
    return Sample(text, f"/live?record={offset}#record" if offset >= 0 else "")


def sentence(card: QualityCard) -> str:
    if not card.has_rules:
        return "Rules say what data should be like; the platform counts what is not."
    if not card.report.rules:
        return "No rule has been run yet; it happens every night, or now."
    failing = sum(line.status == "fail" for line in card.report.rules)
    stuck = sum(line.status == "error" for line in card.report.rules)
    said = f"{plural(failing, 'rule')} {'fails' if failing == 1 else 'fail'}" if failing else (
        "No rule fails" if stuck else "Every rule passes"
    )  # fmt: skip
    said += f", {stuck} cannot be run" if stuck else ""
    said += "" if failing else _past(card.report.rules)
    late = [each.source for each in card.report.freshness if each.state in {"late", "stale"}]
    tail = f"; {', '.join(late)} {'is' if len(late) == 1 else 'are'} behind" if late else ""
    return f"{said}{tail}."


def _past(lines: Sequence[RuleLine]) -> str:
    """What passes as a whole may have failed on single days; a run counts those."""
    failed = [line for line in lines if line.failing]
    if not failed:
        return ""
    days = sum(line.failing for line in failed)
    whose = failed[0].rule if len(failed) == 1 else f"{len(failed)} rules"
    newest = max(line.failed_day for line in failed)
    single = "single day" if days == 1 else "single days"
    return f" as a whole; {days:,} {single} of {whose} failed, the newest {newest}"
