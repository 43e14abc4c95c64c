"""What a command loads, which is most of what a short one costs: modules are counted, not seconds."""

import json
import subprocess
import sys

import pytest

TOLD = "import json, sys; {}; print(json.dumps(sorted(sys.modules)))"
HEAVY = ("duckdb", "liquid", "babel", "phonenumbers", "pyarrow", "starlette", "uvicorn")
ENGINES = ("apsw", "lmdb", "journeyfold.project", "journeyfold.runtime", *HEAVY)
RUNTIME = "journeyfold.runtime.commands"


def loaded(code):
    words = [sys.executable, "-c", TOLD.format(code)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout.splitlines()[-1]))


def among(modules, names):
    return {
        each for each in modules if each in names or each.startswith(tuple(f"{n}." for n in names))
    }


def run(*words):
    return f"from journeyfold.cli.main import run; run({list(words)!r})"


def test_the_package_alone_loads_nothing_of_others():
    ours = {each for each in loaded("import journeyfold") if each.startswith("journeyfold")}
    assert ours == {"journeyfold"}


@pytest.mark.parametrize("words", [["--help"], ["keys", "--help"], ["up", "--help"]])
def test_help_loads_no_engine(words):
    assert among(loaded(run(*words)), ENGINES) == set()


def test_the_commands_load_nothing_that_compiles_or_serves():
    modules = loaded(f"import {RUNTIME}")
    assert among(modules, HEAVY) == set()
    assert not modules & {"journeyfold.project.compile", "journeyfold.project.check"}


def test_the_keys_of_a_project_are_listed_without_its_templates(tmp_path):
    shop = str(tmp_path / "shop")
    subprocess.run(
        [sys.executable, "-c", run("init", shop)], check=True, timeout=60, capture_output=True
    )
    (tmp_path / "shop/.journeyfold").mkdir()
    words = ["keys", "list", "--project", shop]
    modules = loaded(run(*words))
    assert RUNTIME in modules
    assert among(modules, HEAVY) == set()
