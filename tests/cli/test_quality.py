"""`journeyfold quality` and `journeyfold taxonomy`: what they print of what differs, and of nothing."""

import cli_answers as answers
import msgspec
import pytest

from journeyfold.cli.main import run
from journeyfold.project.prepared import Missing
from journeyfold.project.quality_report import QualityReport, RuleLine

NOTHING = QualityReport("", (), (), (), 0)
DIFFERS = RuleLine(
    "quality/crm.yaml", "crm", "same", "", "reconciliation", "medium", 5, 2, 0.6, "fail", 1,
    "2026-11-22", detail="1 missing there, 1 differ",
    samples=("2: country FR here, DE there", "3 is missing in erp"),
)  # fmt: skip


@pytest.fixture
def call(project, capsys):
    def run_it(*args, **given):
        run(args, answers.Answers(**given))
        return capsys.readouterr().out

    return run_it


def test_a_reconciliation_lists_what_differs(call):
    told = call("quality", "run", quality_run=QualityReport("q", (DIFFERS,), (), (), 0))
    assert "2: country FR here, DE there\n" in told
    assert "3 is missing in erp\n" in told


def test_a_rule_that_fails_for_one_of_its_sources_names_it(call):
    bad = msgspec.structs.replace(DIFFERS, source="web", dimension="validity", detail="")
    told = call("quality", "run", quality_run=QualityReport("q", (bad,), (), (), 0))
    assert "same of web: 2: country" in told


def test_a_run_of_days_that_hold_nothing_says_so(call):
    told = call("quality", "run", "--since", "2027-01-01", quality_run=NOTHING)
    assert "nothing is of 2027-01-01 or later" in told


def test_a_run_without_rules_says_where_they_would_stand(call):
    assert "quality/ holds no rule" in call("quality", "run", quality_run=NOTHING)


def test_without_a_label_nothing_is_said_to_be_by_chance(call):
    told = call("quality", "missing", quality_missing=[Missing("spend", 40, 0.25)])
    assert "by chance" not in told


def test_without_misses_it_is_said_which_fields_were_looked_at(call):
    assert "is cleaned by a taxonomy" in call("taxonomy", "misses", taxonomy_misses=[])
