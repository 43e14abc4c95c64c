"""What every test may ask for: the fixtures beside the project and the Hypothesis profiles."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


MAY_BE_ABSENT = (
    "is not beside the project",
    "no right to trace",
    "empty parameter set",
    "pyspark is not installed",
)
"""In CI every tool is installed; only the fixtures, a right the machine gives and Spark may lack."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips itself in CI has failed: nobody reads what was not run."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(allowed in why for allowed in MAY_BE_ABSENT):
            report.outcome, report.longrepr = "failed", f"in CI nothing is skipped: {why}"
    return report


def _beside(variable: str, name: str) -> Path:
    path = Path(os.environ.get(variable, ROOT.parent / "shared" / name))
    if not path.is_dir():
        pytest.skip(f"{name} is not beside the project; set {variable}")
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data: `../shared/data`, or where JOURNEYFOLD_DATA says."""
    return _beside("JOURNEYFOLD_DATA", "data")


@pytest.fixture(scope="session")
def conformance() -> Path:
    """Recorded cases: `../shared/conformance`, or where JOURNEYFOLD_CONFORMANCE says."""
    return _beside("JOURNEYFOLD_CONFORMANCE", "conformance")
