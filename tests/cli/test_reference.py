from pathlib import Path

from journeyfold.cli.reference import page

ROOT = Path(__file__).resolve().parents[2]


def test_the_reference_of_the_commands_is_current():
    written = (ROOT / "docs" / "reference" / "cli.md").read_text()
    assert written == page(), "run: python -m journeyfold.cli.reference docs/reference/cli.md"
