"""One alert a rule and source until it recovers; muted on holidays, not hidden (quality Q37)."""

import msgspec
import pytest

from journeyfold.quality.alert import Alerts, changes, newest
from journeyfold.quality.result import Found, OpenAlert

TODAY, KNOWN = "2026-11-25", frozenset({("q", "r")})


def found(day, status="fail", source="web", dimension="validity", n=10):
    return Found("q", "r", source, day, "run", 1, dimension, 2, n, 3, status, 5)


def done(standing, *rows, alerts=Alerts(), known=KNOWN):  # noqa: B008 - frozen
    latest = newest(rows, TODAY, frozenset({"q"}))
    return [(each.what, each.alert.muted) for each in changes(standing, latest, known, alerts, 99)]


OPEN = OpenAlert("q", "r", "web", 50, "2026-11-20")


def test_a_rule_that_fails_alerts_once():
    assert done([], found("2026-11-24")) == [("alert", False)]
    assert done([OPEN], found("2026-11-24")) == []


def test_the_newest_day_that_is_over_decides():
    assert done([OPEN], found("2026-11-23"), found("2026-11-24", "pass")) == [("recover", False)]
    assert done([], found("2026-11-24", "pass"), found(TODAY)) == []


@pytest.mark.parametrize("dimension", ["freshness", "reconciliation"])
def test_what_is_about_now_stands_under_today(dimension):
    assert done([], found(TODAY, dimension=dimension)) == [("alert", False)]


def test_what_cannot_be_run_changes_nothing():
    assert done([OPEN], found("2026-11-24", "error", n=0)) == []
    assert done([OPEN], found("2026-11-24", "empty", n=0)) == []


def test_on_a_holiday_an_alert_is_muted_and_told_when_it_is_over():
    holiday = Alerts(calendar=("2026-11-24",))
    assert done([], found("2026-11-24"), alerts=holiday) == [("alert", True)]
    muted = msgspec.structs.replace(OPEN, muted=True)
    assert done([muted], found("2026-11-23"), alerts=holiday) == [("unmute", False)]


def test_the_alert_of_a_rule_that_is_gone_is_closed():
    assert done([OPEN], found("2026-11-24"), known=frozenset()) == [("recover", False)]


def test_a_holiday_is_a_day():
    with pytest.raises(msgspec.ValidationError, match="write 2026-12-25"):
        msgspec.convert({"calendar": ["Christmas"]}, Alerts)
