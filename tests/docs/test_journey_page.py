"""The page on journeys: its files pass `check`, its command prints what it shows."""

import re
from pathlib import Path

import pytest

from journeyfold.cli.main import run

PAGE = (Path(__file__).resolve().parents[2] / "docs/how-to/write-a-journey.md").read_text()
FILE = re.compile(
    r"^```(?:yaml|html)\n(?:# |<!-- )(\S+)(?: -->)?\n(.*?)^```", re.MULTILINE | re.DOTALL
)


@pytest.fixture
def shop(tmp_path, monkeypatch, capsys):
    assert run(["init", str(tmp_path / "shop")]) == 0
    monkeypatch.chdir(tmp_path / "shop")
    for name, text in FILE.findall(PAGE):
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    capsys.readouterr()
    return tmp_path / "shop"


def played(capsys):
    assert run(["journey", "simulate", "left-cart", "--events", "events.yaml"]) == 0
    return capsys.readouterr().out


def test_the_files_of_the_page_pass_check(shop):
    assert run(["check"]) == 0


def test_the_simulation_prints_what_the_page_shows(shop, capsys):
    shown = re.search(r"^```\n(2026.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]
    assert played(capsys) == shown


def test_without_consent_the_sends_are_skipped(shop, capsys):
    events = shop / "events.yaml"
    events.write_text(
        events.read_text().replace("marketing_email: granted", "marketing_email: denied")
    )
    assert "skipped consent (marketing)" in played(capsys)


def test_a_journey_that_is_not_there_is_guessed(shop, capsys):
    assert run(["journey", "simulate", "left-carts", "--events", "events.yaml"]) == 64
    assert "did you mean 'left-cart'?" in capsys.readouterr().err


def test_an_event_that_cannot_be_meant_is_shown_at_its_place(shop, capsys):
    (shop / "events.yaml").write_text(
        '- {at: "2026-11-27T19:00:00Z", user_id: ann, event: Page, source: nowhere}\n'
    )
    assert run(["journey", "simulate", "left-cart", "--events", "events.yaml"]) == 78
    assert "events.yaml:1:67: P130 unknown source 'nowhere'" in capsys.readouterr().err


def test_nobody_who_enters_is_said(shop, capsys):
    (shop / "events.yaml").write_text(
        '- {at: "2026-11-27T19:00:00Z", user_id: ann, source: shop_server, event: Page}\n'
    )
    assert played(capsys) == "nobody entered left-cart\n"
