"""`journeyfold erase` says what goes, asks for the word, and asks the runtime only then."""

import cli_answers as answers
import pytest

from journeyfold.cli.main import run
from journeyfold.project.erasure import Going

GOING = Going(
    "p_a", ("00ff",), (("user_id", "ann"), ("email", "ann@example.org")), ("country",), ("vip",),
    ("cart",), 1, 3, 41,
)  # fmt: skip
ERASE = ("erase", "user_id:ann", "--reason", "letter")


@pytest.fixture
def call(project, capsys):
    """(exit code, stdout, what was asked of the runtime)."""

    def run_it(*words):
        runtime = answers.Answers(erasing=GOING, erase=77)
        code = run(words, runtime)
        return code, capsys.readouterr().out, [name for name, _, _ in runtime.asked]

    return run_it


def test_a_dry_run_lists_what_goes_and_asks_for_nothing(call):
    code, out, asked = call(*ERASE, "--dry-run")
    assert (code, asked) == (0, ["erasing"])
    for word in ("p_a", "user_id:ann", "email:ann@example.org", "vip", "cart", "41 records"):
        assert word in out


def test_without_the_word_nothing_is_erased(call):
    code, _, asked = call(*ERASE, "--confirm", "yes", "--json")
    assert (code, asked) == (64, ["erasing"])


def test_with_the_word_a_record_asks_for_it(call):
    code, out, asked = call(*ERASE, "--confirm", "erase")
    assert (code, asked) == (0, ["erasing", "erase"])
    assert "record 77" in out


def test_a_reason_is_asked_for(call):
    assert call("erase", "user_id:ann")[0] == 64
