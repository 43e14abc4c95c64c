"""The pages of decisions: each number once, each page in the list."""

import re
from pathlib import Path

ADR = Path(__file__).resolve().parents[2] / "docs/adr"
PAGES = sorted(path.name for path in ADR.glob("[0-9]*.md"))


def test_each_number_names_one_decision():
    numbers = [name[:4] for name in PAGES]
    assert len(set(numbers)) == len(numbers)


def test_each_page_begins_with_its_number():
    wrong = [
        name for name in PAGES if not (ADR / name).read_text().startswith(f"# {int(name[:4])}. ")
    ]
    assert wrong == []


def test_the_list_names_each_page_in_order():
    rows = re.findall(r"^(\d+)\. \[.+?\]\((.+?)\)", (ADR / "README.md").read_text(), re.MULTILINE)
    assert rows == [(str(int(name[:4])), name) for name in PAGES]
