"""What the tests of public clients share: the libraries and one running shop."""

import json
import re
import shutil
import subprocess

import pytest
from client_programs import HERE, shop_with_clients
from door_sources import PAY_SECRET, SOURCES
from live import run_cli, start


@pytest.fixture(scope="session")
def node_modules():
    """Installed once from the lock file; the folder is git-ignored."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on the path")
    if not (HERE / "node_modules").is_dir():
        subprocess.run(
            [
                "npm",
                "install",
                "--no-save",
                "--omit=optional",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
            ],
            cwd=HERE,
            check=True,
            timeout=300,
        )


@pytest.fixture(scope="session")
def live(tmp_path_factory):
    with shop_with_clients(tmp_path_factory.mktemp("clients") / "shop") as running:
        yield running


@pytest.fixture(scope="session")
def door(tmp_path_factory):
    """A shop whose log is written in clear, so that a test may look for what must not be there."""
    directory = tmp_path_factory.mktemp("door") / "shop"
    run_cli(directory.parent, "init", str(directory), "--template", "shop")
    for name, text in SOURCES.items():
        (directory / "sources" / f"{name}.yaml").write_text(text)
    settings = directory / "journeyfold.yaml"
    settings.write_text(re.sub("encryption: log", "encryption: none", settings.read_text()))
    running = start(directory, PAY_SECRET=PAY_SECRET)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def captured(conformance):
    """The captured requests of each file."""
    return {
        path.name: [json.loads(line) for line in path.read_text().splitlines()]
        for path in sorted((conformance / "wire").glob("*.jsonl"))
    }
