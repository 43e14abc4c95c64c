"""What every test may ask for: the fixtures beside the project and the Hypothesis profiles."""

import os
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
