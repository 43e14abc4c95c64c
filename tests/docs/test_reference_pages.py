"""The reference says what the code does: commands, settings, codes, metrics, operations, links."""

import ast
import re
from pathlib import Path

import httpx
import pytest
from live import platform

from journeyfold.api import reference
from journeyfold.api.errors import STATUS as API_CODES
from journeyfold.collect.reply import FINE_WITHOUT_STORING
from journeyfold.collect.reply import STATUS as DOOR_CODES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SOURCE = ROOT / "src" / "journeyfold"
PLACE_OF_CODE = {
    "ApiError": 0, "Fault": 1, "Held": 2, "Refusal": 1, "Refused": 0, "Violation": 0,
}  # fmt: skip
VARIABLE = re.compile(r"JOURNEYFOLD_[A-Z_]+")


def codes_in_use():
    """Codes written out where a refusal is made, and those of the tables of statuses."""
    found = {*API_CODES, *DOOR_CODES, *FINE_WITHOUT_STORING}
    for folder in ("api", "collect", "quality", "runtime"):
        for path in (SOURCE / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    place = PLACE_OF_CODE.get(getattr(node.func, "id", ""))
                    if place is not None and len(node.args) > place:
                        code = node.args[place]
                        if isinstance(code, ast.Constant) and isinstance(code.value, str):
                            found.add(code.value)
    return found


def test_every_error_code_is_documented_and_no_other():
    page = (DOCS / "reference" / "error-codes.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    documented = {code for cell in rows for code in re.findall(r"`(\w+)`", cell)}
    assert documented == codes_in_use()


def test_the_status_of_a_code_is_the_documented_one():
    page = (DOCS / "reference" / "error-codes.md").read_text().partition("## Of one message")[0]
    for line in page.splitlines():
        if line.startswith("| `"):
            _, codes, status, *_ = line.split("|")
            for code in re.findall(r"`(\w+)`", codes):
                known = {API_CODES.get(code), DOOR_CODES.get(code)} - {None}
                assert known <= {int(status)}, code


def test_the_openapi_document_is_current():
    written = (DOCS / "reference" / "openapi.json").read_bytes()
    assert written == reference.openapi_text(), (
        "run: python -m journeyfold.api.reference docs/reference"
    )


def test_the_page_of_the_http_interface_is_current():
    written = (DOCS / "reference" / "http-api.md").read_text()
    assert written == reference.page(), "run: python -m journeyfold.api.reference docs/reference"


def test_every_variable_of_the_environment_is_documented():
    page = (DOCS / "reference" / "data-directory.md").read_text()
    used = set()
    for path in [*SOURCE.rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]:
        used |= set(VARIABLE.findall(path.read_text()))
    assert used <= set(VARIABLE.findall(page))


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("documented") / "shop") as running:
        yield running


def test_every_metric_is_documented_and_no_other(live):
    text = httpx.get(f"{live.url}/metrics", trust_env=False).text
    told = set(re.findall(r"^# TYPE journeyfold_(\w+)", text, re.MULTILINE))
    page = (DOCS / "reference" / "metrics.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    assert {name for name in told if not name.endswith("_created")} == documented


def test_every_file_of_the_data_directory_is_documented(live):
    page = (DOCS / "reference" / "data-directory.md").read_text()
    data = live.directory / ".journeyfold"
    for path in data.iterdir():
        stem = re.sub(r"-(wal|shm)$", "", path.name)
        assert f"`{stem}" in page, f"{path.name} is not documented"
    for path in (data / "keys").iterdir():
        assert f"`keys/{path.name}`" in page, f"keys/{path.name} is not documented"


def test_every_alert_names_a_metric_there_is():
    page = (DOCS / "reference" / "metrics.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    advice = (DOCS / "how-to" / "run-it-in-production.md").read_text()
    named = set(re.findall(r"journeyfold_(\w+)", advice)) - {"root", "key"}
    assert {name for name in named if not name.isupper()} <= documented
