"""The destination that CONTRIBUTING adds is one: its file and its contract test run as written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
FILE = re.compile(r"^```python\n# (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HERE = """
from pathlib import Path

from journeyfold.activate import destinations

destinations.__path__.append(str(Path(__file__).parent / "kinds"))
"""


@pytest.fixture
def written(tmp_path):
    """The test, and the destination in a folder that the package of destinations is told of."""
    files = {Path(name).name: text for name, text in FILE.findall(PAGE)}
    assert sorted(files) == ["pagerduty.py", "test_pagerduty.py"]
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "pagerduty.py").write_text(files["pagerduty.py"])
    (tmp_path / "test_pagerduty.py").write_text(files["test_pagerduty.py"])
    (tmp_path / "conftest.py").write_text(HERE)
    return tmp_path


def run(*words, cwd):
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True, timeout=120
    )


def test_the_contract_of_the_example_holds(written):
    done = run(
        "pytest", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath={ROOT / 'tests'}",
        "--rootdir", str(written), str(written / "test_pagerduty.py"), cwd=written,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_the_example_is_as_clean_as_the_rest(written):
    ruff = Path(sys.executable).parent / "ruff"
    done = subprocess.run(
        [ruff, "check", "--config", ROOT / "pyproject.toml", "--no-cache", "--ignore", "INP001", "kinds"],
        cwd=written, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
