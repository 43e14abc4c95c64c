"""`journey report` and `journey simulate`: what they say, and what they refuse."""

import json
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from journeyfold.cli.main import cli, run
from journeyfold.journey.report import MICRO, Side, lift
from journeyfold.project.figures import (
    ArmFigures,
    JourneyFigures,
    MessageFigures,
    StageMove,
    StepFigures,
    VersionFigures,
)


def side(people, goals):
    value = 10 * MICRO
    return Side(people, goals, goals * value, goals * value * value)


TOTAL = VersionFigures(
    version="", entered=100, running=7, ended={"bought": 20, "completed": 73},
    refused={"active": 3}, lift=lift(side(90, 18), side(10, 1)),
    steps={"mail": StepFigures(100, 7, 93, 100, {}, {"bought": 20}, {"quiet": 9}, {"consent": 4})},
    arms=(ArmFigures("draw", "warm", lift(side(45, 9), side(5, 1))),),
    messages=(
        MessageFigures("cart", "", "mail", "email", "cart-mail", "draw=warm", sent=40, opened=20,
                       opened_by_machine=3, goals=9, value_micros=90 * MICRO,
                       lift=lift(side(45, 9), side(50, 1))),
    ),
)  # fmt: skip


@pytest.fixture
def shop(tmp_path, monkeypatch, capsys):
    assert run(["init", str(tmp_path / "shop")]) == 0
    (tmp_path / "shop" / ".journeyfold").mkdir()
    (tmp_path / "shop" / ".journeyfold" / "FORMAT").write_text("{}")
    monkeypatch.chdir(tmp_path / "shop")
    capsys.readouterr()


def told(*words, **answers):
    moved = StageMove(7, "shop", "consideration", "purchase", 10, lift(side(90, 9), side(10, 1)))
    figures = JourneyFigures("cart", TOTAL, {"abc": TOTAL}, (moved,))
    runtime = SimpleNamespace(journey_report=lambda *_, **__: figures, **answers)
    return CliRunner().invoke(cli, ["journey", *words], obj=runtime)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "line",
    [
        "entered 100, running 7, goals 19", "ended: bought 20, completed 73", "refused: active 3",
        "treated  18 of 90  20.0 % (13.0 to 29.4)",
        "mail: cart-mail [draw=warm]: sent 40, opened 20, opened by machine 3, goals 9, worth 90.00",
        "quiet 9", "consent 4", "warm", "  treated 9 of 45, held out 1 of 50: difference 18.0 % (",
        "Moves to another stage", "1 of 10",
    ],
)  # fmt: skip
def test_a_report_says(line):
    assert line in told("report", "cart").output


@pytest.mark.usefixtures("shop")
def test_a_report_of_one_version():
    assert "entered 100" in told("report", "cart", "--version", "abc").output
    assert told("report", "cart", "--version", "abd").exception is not None


@pytest.mark.usefixtures("shop")
def test_a_report_as_json():
    answer = json.loads(told("report", "cart", "--json").output)
    assert answer["total"]["lift"]["difference"]["estimate"] == pytest.approx(0.1)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--people", "5", "--as-of", "3"], "one of --events, --people and --as-of"),
        (["--people", "5", "--until", "soon"], "--until: 'soon' is no span"),
        (["--people", "5", "--from", "today"], "--from: 'today' is no instant"),
    ],
)
def test_a_simulation_that_cannot_be_meant_is_refused(words, message, capsys):
    assert run(["journey", "simulate", "welcome", *words]) == 64
    assert message in capsys.readouterr().err


@pytest.mark.usefixtures("shop")
def test_invented_people_are_simulated(capsys):
    words = ["--people", "80", "--from", "2026-03-02T00:00:00Z", "--until", "40d"]
    assert run(["journey", "simulate", "welcome", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all("  welcome" in line for line in lines)
    assert lines == sorted(lines, key=lambda line: line.split()[0])
