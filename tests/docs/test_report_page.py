"""The page on reports shows what the command prints."""

import re
from pathlib import Path

from journeyfold.cli.journey_report import lift_lines
from journeyfold.journey.report import MICRO, Side, lift

PAGE = (Path(__file__).resolve().parents[2] / "docs/how-to/read-a-journey-report.md").read_text()


def side(people, goals, each):
    value = each * MICRO
    return Side(people, goals, goals * value, goals * value * value)


def test_the_lift_is_printed_as_the_page_shows_it():
    shown = re.search(r"^```\n(treated.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)[1]
    assert list(lift_lines(lift(side(900, 81, 60), side(100, 3, 60)))) == shown.splitlines()


def test_what_chance_could_do_is_said():
    lines = list(lift_lines(lift(side(90, 8, 60), side(10, 0, 60))))
    assert lines[2].endswith("chance alone could do it")


def test_without_a_holdout_nothing_is_compared():
    assert list(lift_lines(lift(side(90, 8, 60), Side()))) == []
