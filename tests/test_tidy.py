"""Style as a test: what ruff cannot say and a reader would stumble over."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "journeyfold"
MODULES = sorted(SOURCE.rglob("*.py"))
MAX_LINES, MAX_FUNCTION_LINES = 400, 60
NAMES_THAT_SAY_NOTHING = re.compile(
    r"utils?|helpers?|manager|handler|data|info|common|misc|base", re.IGNORECASE
)
MARKS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MACHINE_PATH = re.compile(r"/(?:root|work|home/[a-z]+)/[a-z.]")


def module_id(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_a_module_holds_one_idea(path):
    lines = path.read_text().count("\n")
    assert lines <= MAX_LINES, f"{module_id(path)} has {lines} lines: look for the second idea"
    assert not NAMES_THAT_SAY_NOTHING.fullmatch(path.stem), f"{path.stem} names nothing"


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_a_module_says_what_it_is_for(path):
    if path.name != "__init__.py":
        assert ast.get_docstring(ast.parse(path.read_text())), (
            f"{module_id(path)} opens without a sentence"
        )


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_a_function_fits_a_screen(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, (
                f"{module_id(path)}:{node.lineno} {node.name} has {length} lines"
            )


@pytest.mark.parametrize("path", MODULES, ids=module_id)
def test_no_class_is_named_after_nothing(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef):
            words = re.findall(r"[A-Z][a-z]+", node.name)
            assert not words or not NAMES_THAT_SAY_NOTHING.fullmatch(words[-1]), (
                f"{module_id(path)}: {node.name}"
            )


def test_no_doubt_is_left_in_the_text():
    for path in MODULES:
        found = MARKS.search(path.read_text())
        assert found is None, f"{module_id(path)} still says {found and found[0]}"


def test_a_broad_except_gives_its_reason():
    for path in MODULES:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"except( Base)?( ?Exception)?:", line) and "Exception" in line:
                assert "# noqa: BLE001 - " in line, (
                    f"{module_id(path)}:{number} catches everything without a reason"
                )


def test_nothing_carries_a_path_of_one_machine():
    for path in tracked():
        if path.suffix in {
            ".py",
            ".md",
            ".yaml",
            ".toml",
            ".txt",
            ".json",
            ".js",
            ".css",
            ".html",
        } and path != Path(__file__):
            assert not MACHINE_PATH.search(path.read_text(errors="replace")), (
                f"{path.relative_to(ROOT)} names a machine's path"
            )


def test_no_file_is_a_dump():
    for path in tracked():
        assert path.stat().st_size <= 1_000_000, f"{path.relative_to(ROOT)} is larger than 1 MB"


def test_every_port_has_a_contract():
    contracts = "".join(
        path.read_text() for path in (SOURCE / "testing" / "contracts").glob("*.py")
    )
    for port in ("EventLog", "StateStore"):
        assert port in contracts, f"{port} has no contract test"


def test_every_decision_record_is_listed():
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    for path in (ROOT / "docs" / "adr").glob("[0-9]*.md"):
        assert path.name in index, f"docs/adr/README.md does not list {path.name}"


def test_links_between_documents_lead_somewhere():
    for path in tracked():
        if path.suffix != ".md":
            continue
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", path.read_text()):
            assert (path.parent / target).exists(), (
                f"{path.relative_to(ROOT)} links to {target}, which is not there"
            )
