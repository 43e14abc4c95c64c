"""`journeyfold outbox` and `journeyfold destination`: what they print and what they refuse."""

import cli_answers as answers
import msgspec
import pytest

from journeyfold.cli.main import run
from journeyfold.runtime.outbox_view import DestinationCard, DestinationDone, Outbox, OutboxDone

CARD = DestinationCard("crm", "webhook", "paused", "answered 401", breaker="open", rows={"dead": 2})


@pytest.fixture
def call(project, capsys):
    def run_it(*args, **given):
        code = run(args, answers.Answers(**given))
        return code, capsys.readouterr().out

    return run_it


def test_rows_are_listed_with_why_and_counted(call):
    code, out = call("outbox", "list", "--state", "dead")
    assert code == 0
    assert "answered 422" in out
    assert "1 dead, 3 pending" in out


def test_an_empty_outbox_says_so(call):
    assert call("outbox", "list", outbox=Outbox((), {}))[1] == "Nothing waits.\n"


def test_json_is_the_page(call):
    _, out = call("outbox", "list", "--json")
    assert msgspec.json.decode(out)["counts"] == {"dead": 1, "pending": 3}


@pytest.mark.parametrize("verb", ["retry", "resend", "drop"])
def test_a_command_reports_how_many_rows_it_is_about(call, verb):
    done = OutboxDone(verb, 12, 41, is_folded=True)
    assert call("outbox", verb, "--destination", "crm", outbox=done) == (0, f"{verb}: 12 rows\n")


def test_a_command_that_is_not_carried_out_yet_says_when(call):
    _, out = call("outbox", "retry", "8b1f", outbox=OutboxDone("retry", 1, 41))
    assert out == "retry: 1 row; carried out when the platform folds record 41\n"


def test_a_dry_run_changes_nothing_and_says_so(call):
    _, out = call("outbox", "drop", "--all", "--dry-run", outbox=OutboxDone("drop", 7))
    assert out == "drop: 7 rows, nothing was changed\n"


def test_a_command_without_a_word_about_which_is_refused(call):
    assert call("outbox", "drop")[0] == 64


def test_destinations_are_listed_with_what_holds_them_up(call):
    _, out = call("destination", "list", outbox=[CARD])
    assert "answered 401" in out
    assert "breaker open" in out


def test_a_destination_is_resumed(call):
    done = DestinationDone("crm", "resume", 41, is_folded=True)
    told = call("destination", "resume", "crm", outbox=done)
    assert told == (0, "crm: resume is record 41, carried out\n")
