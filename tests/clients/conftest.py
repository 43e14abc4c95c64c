"""What the tests of public clients share: the libraries and one running shop."""

import shutil
import subprocess

import pytest
from client_programs import HERE, shop_with_clients


@pytest.fixture(scope="session")
def node_modules():
    """Installed once from the lock file; the folder is git-ignored."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on the path")
    if not (HERE / "node_modules").is_dir():
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=HERE,
            check=True,
            timeout=300,
        )


@pytest.fixture(scope="session")
def live(tmp_path_factory):
    with shop_with_clients(tmp_path_factory.mktemp("clients") / "shop") as running:
        yield running
