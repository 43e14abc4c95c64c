"""A project directory that has data, for commands that ask a runtime made of answers."""

import pytest

from journeyfold.cli.main import run


@pytest.fixture
def project(tmp_path, monkeypatch, capsys):
    directory = tmp_path / "shop"
    assert run(["init", str(directory)]) == 0
    (directory / ".journeyfold").mkdir()
    (directory / ".journeyfold" / "FORMAT").write_text("1\n")
    monkeypatch.chdir(directory)
    capsys.readouterr()
    return directory
