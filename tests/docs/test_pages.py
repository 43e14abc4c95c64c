"""Pages lead somewhere, are listed, and show what works."""

import re
from pathlib import Path

import pytest

from journeyfold.cli.main import cli
from journeyfold.project.check import load_checked
from journeyfold.project.scaffold import template_files

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[\s`(])journeyfold ([a-z]+)\b")


def page_id(path):
    return str(path.relative_to(ROOT))


def anchors_of(text):
    """As GitHub makes them from headings."""
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        bare = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
        yield bare.strip().replace(" ", "-")


@pytest.mark.parametrize("folder", ["how-to", "explanation", "reference", "adr"])
def test_every_page_of_a_folder_is_in_its_index(folder):
    index = (DOCS / folder / "README.md").read_text()
    for path in (DOCS / folder).glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in index, path.name


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_an_anchor_names_a_heading(page):
    for target, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", page.read_text()):
        linked = (page.parent / target) if target else page
        assert anchor in set(anchors_of(linked.read_text())), f"{target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_a_command_that_is_shown_exists(page):
    shown = {
        word for _, _, code in FENCE.findall(page.read_text()) for word in COMMAND.findall(code)
    }
    prose = {"is", "loses", "on"}  # "journeyfold is ready on …" in outputs
    assert shown - prose <= set(cli.list_commands(None))


def blocks_to_check():
    for page in PAGES:
        for language, words, code in FENCE.findall(page.read_text()):
            if language == "yaml" and "check" in words:
                yield pytest.param(code, id=page_id(page))


@pytest.mark.parametrize("code", list(blocks_to_check()))
def test_a_file_that_is_shown_passes_check_in_the_shop(code):
    name = re.match(r"# (\S+)\n", code)[1]
    load_checked({**template_files("shop"), name: code})


def test_a_metric_that_is_shown_exists():
    reference = (DOCS / "reference" / "metrics.md").read_text()
    known = set(re.findall(r"^\| `(\w+)` \|", reference, re.MULTILINE))
    for page in (DOCS / "how-to").glob("*.md"):
        for name in re.findall(r"journeyfold_([a-z_]+)", page.read_text()):
            assert re.sub("_(bucket|count|sum)$", "", name) in known, f"{page.name}: {name}"


def test_the_readme_is_short():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= 90
