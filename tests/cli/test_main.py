"""Exit codes and sentences: what scripts and people can rely on."""

import subprocess
import sys

import msgspec
import pytest

from journeyfold.cli.lazy import COMMANDS
from journeyfold.cli.main import run
from journeyfold.core.errors import (
    Busy,
    DamageError,
    EngineError,
    FormatError,
    Problem,
    ProjectError,
    UsageError,
)


class Raises:
    def __init__(self, error):
        self.error = error

    def bench(self, *_places, **_options):
        raise self.error


HEAVY = {"duckdb", "pyarrow", "starlette", "uvicorn", "apsw", "lmdb", "rich", "ruamel.yaml",
         "jsonschema_rs", "liquid", "phonenumbers", "re2", "cryptography"}  # fmt: skip


def python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    ).stdout


@pytest.mark.parametrize("args", [["--help"], ["up", "--help"], ["why", "--help"], ["version"]])
def test_help_and_version_load_nothing_heavy(args):
    code = (
        "import sys\nfrom journeyfold.cli.main import run\n"
        f"run({args!r})\nprint('LOADED', *sorted(sys.modules))"
    )
    loaded = python(code).partition("LOADED")[2].split()
    assert HEAVY.isdisjoint(loaded)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_shows_an_example(name, capsys):
    assert run([name, "--help"]) == 0
    assert "journeyfold" in capsys.readouterr().out.partition("Example")[2]


def test_no_command_prints_the_help(capsys):
    assert run([]) == 64
    printed = capsys.readouterr()
    assert printed.err.startswith("Usage: journeyfold")
    assert "Commands:" in printed.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("wrong"), 64),
        (ProjectError([Problem("a.yaml", 1, 2, "P110", "wrong")]), 78),
        (FormatError("newer"), 78),
        (DamageError("torn"), 74),
        (EngineError("disk"), 74),
        (Busy("another `up` runs here"), 75),
        (PermissionError(13, "Permission denied", "/x"), 74),
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 0),
        (SystemExit(1), 0),
    ],
)
def test_every_failure_has_its_exit_code(error, code, monkeypatch, tmp_path):
    with (tmp_path / "err").open("w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        assert run(["bench"], Raises(error)) == code


def test_a_failure_is_one_sentence_on_stderr(capsys):
    run(["bench"], Raises(EngineError("the disk is full; free some space")))
    printed = capsys.readouterr()
    assert printed.err == "journeyfold: the disk is full; free some space\n"
    assert printed.out == ""


def test_a_failure_of_the_system_names_the_file(capsys):
    run(["bench"], Raises(PermissionError(13, "Permission denied", "/x")))
    assert capsys.readouterr().err == "journeyfold: /x: Permission denied\n"


def test_with_json_a_failure_is_an_object_too(capsys):
    run(["bench", "--json"], Raises(Busy("another `up` runs here")))
    error = msgspec.json.decode(capsys.readouterr().out)["error"]
    assert error == {"message": "another `up` runs here", "exit_code": 75}


def test_problems_of_a_project_show_the_line_and_mark_the_column(capsys):
    problem = Problem("a.yaml", 3, 7, "P110", "unknown key 'b'", "  x: {b: 1}", "remove it")
    run(["bench", "--json"], Raises(ProjectError([problem])))
    printed = capsys.readouterr()
    assert printed.err == (
        "a.yaml:3:7: P110 unknown key 'b'; remove it\n      x: {b: 1}\n          ^\n"
    )
    assert msgspec.json.decode(printed.out)["error"]["problems"][0]["line"] == 3


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["chekc"], "no command 'chekc'; did you mean 'check'?"),
        (["zzz"], "no command 'zzz'; see `journeyfold --help`"),
        (["check", "--jsn"], "No such option '--jsn'"),
        (["keys", "create"], "Missing option '--kind'"),
        (["keys", "create", "--kind", "x"], "'x' is not one of 'pub', 'srv'"),
        (["up", "--port", "99999"], "99999 is not in the range"),
        (["init"], "Missing argument 'DIRECTORY'"),
    ],
)
def test_wrong_usage_is_64_and_says_what(args, sentence, capsys):
    assert run(args) == 64
    assert sentence in capsys.readouterr().err


def test_a_directory_without_a_project_is_one_sentence(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "journeyfold.cli.main", "check"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert done.returncode == 64
    assert done.stderr == (
        "journeyfold: this directory is no project directory: it has no journeyfold.yaml; "
        "go to one, or make one with `journeyfold init DIR`\n"
    )
