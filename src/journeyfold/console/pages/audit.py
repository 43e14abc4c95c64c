"""The identity audit: can who is who be trusted, and what was decided last (identity X3, X4).

The page shows the latest report; every figure is as of its record. People are shown by their ids,
identifiers by their first character.
"""

from __future__ import annotations

from starlette.responses import Response

from journeyfold.api.audit_cards import DecisionRow
from journeyfold.console.ask import Ask
from journeyfold.console.wording import Dates
from journeyfold.core.instant import instant_us
from journeyfold.project.identity_report import IdentityReport

DECIDED = 15
TITLES = {
    "limit_conflicts": "Somebody has more than a limit allows",
    "unusual_merges": "Unusually many or few merges",
    "unusual_splits": "Unusually many or few splits",
    "bridges": "Accounts held together by one link",
    "disagreements": "People who contradict themselves",
    "old_reviews": "A pair has waited for long",
}
WORDS = {
    "merge": "merged", "split": "split", "rename": "another id", "suppress": "link refused",
    "hub": "hub", "review": "reviewed", "link": "said: one person", "cannot_link": "said: two people",
    "block": "value blocked", "retract": "taken back",
}  # fmt: skip
MODEL, RULES = "linkage.proposed", {"linkage.proposed": "likely enough"}


def show(ask: Ask) -> Response:
    desk, by_models = ask.desk.audits, ask.query.get("models") == "1"
    report = desk.latest()
    return ask.page(
        "audit.html",
        title="Identity audit",
        place="/audit",
        report=report,
        lede=_lede(report, ask.dates),
        titles=TITLES,
        rules=RULES,
        changes=_changes(report),
        to_judge=report.to_judge[:60] if report else (),
        decided=[
            (row, _when(row.at, ask.dates), _what(row))
            for row in desk.last(DECIDED, by_models=by_models)
        ],
        by_models=by_models,
        done=bool(ask.query.get("done")),
    )


def run(ask: Ask) -> Response:
    """Look it over now; the report is a record."""
    made = ask.desk.audits.now()
    ask.desk.keys.audit(ask.user.name, "identity.audit", made.date)
    return ask.go("/audit", done="1")


def _lede(report: IdentityReport | None, dates: Dates) -> str:
    if report is None:
        return "Whether people are who they are said to be, looked over on a schedule."
    count = len(report.alerts)
    found = f"{count} things to look at" if count > 1 else "One thing to look at"
    return f"{found if count else 'Nothing to look at'}, as of {_when(report.at, dates)}."


def _when(at: str, dates: Dates) -> str:
    """An instant of a report, as the reader's clock shows it."""
    return dates.day_clock(instant_us(at) or 0)


def _what(row: DecisionRow) -> str:
    """A model's link is nobody's word."""
    is_found = row.kind == "link" and row.rule == MODEL
    return "found alike" if is_found else WORDS.get(row.kind, row.kind)


def _changes(report: IdentityReport | None) -> list[tuple[str, object]]:
    if report is None:
        return []
    churn = report.churn
    return [
        ("Merges", churn.merges), ("Splits", churn.splits),
        ("Identifiers under another id", churn.aliases),
    ]  # fmt: skip
