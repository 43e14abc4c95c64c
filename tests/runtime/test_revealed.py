"""References to keys and secrets, put in at the door only (trust SEC-20)."""

import pytest

from journeyfold.project.load import load
from journeyfold.runtime.revealed import revealed


@pytest.fixture
def project():
    hook = "kind: webhook\nwebhook: {secrets: ['${env:HOOK}', '${file:old.txt}']}\nkeys: ['${env:WRITE}', plain]\n"
    return load({"journeyfold.yaml": "name: shop\n", "sources/hook.yaml": hook})


def test_a_reference_is_replaced_by_what_it_stands_for(project, tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK", "s3cret")
    monkeypatch.setenv("WRITE", "WK")
    (tmp_path / "old.txt").write_text("older\n")
    said = []
    source = revealed(project, tmp_path, said.append).sources["hook"]
    assert (source.webhook.secrets, source.keys) == (("s3cret", "older"), ("WK", "plain"))
    assert said == []


def test_what_is_not_there_opens_nothing_and_is_said(project, tmp_path, monkeypatch):
    monkeypatch.delenv("HOOK", raising=False)
    monkeypatch.delenv("WRITE", raising=False)
    said = []
    source = revealed(project, tmp_path, said.append).sources["hook"]
    assert (source.webhook.secrets, source.keys) == ((), ("plain",))
    assert any("environment variable HOOK is not set" in each for each in said)
    assert any("old.txt cannot be read" in each for each in said)


def test_the_project_of_the_log_keeps_the_reference(project, tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK", "s3cret")
    revealed(project, tmp_path, lambda _said: None)
    assert project.sources["hook"].webhook.secrets[0] == "${env:HOOK}"
