"""The page on destinations: its files pass `check` in the shop, its template and source do."""

import re
from pathlib import Path

import pytest

from journeyfold.activate.json_template import rendered_json
from journeyfold.cli.main import run
from journeyfold.project.load import load
from journeyfold.sources.payload import payload_mapping

PAGE = (Path(__file__).resolve().parents[2] / "docs/how-to/send-to-a-destination.md").read_text()
FILE = re.compile(
    r"^```(?:yaml|liquid)\n(?:# |\{# )(\S+)(?: #\})?\n(.*?)^```", re.MULTILINE | re.DOTALL
)
FILES = dict(FILE.findall(PAGE))


@pytest.fixture
def shop(tmp_path, monkeypatch, capsys):
    assert run(["init", str(tmp_path / "shop")]) == 0
    monkeypatch.chdir(tmp_path / "shop")
    for name, text in FILES.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == "journeyfold.yaml":
            text = path.read_text().replace("\nserver:\n", "\n" + text)
        path.write_text(text)
    capsys.readouterr()
    return tmp_path / "shop"


def test_the_files_of_the_page_pass_check(shop, capsys):
    code = run(["check"])
    assert code == 0, capsys.readouterr()


def test_the_template_of_the_page_gives_json():
    values = {"entry": {"properties": {"order_id": "o-1"}}, "traits": {"first_name": 'A"n'}}
    assert rendered_json(FILES["templates/first-order.liquid"], values, 0) == {
        "type": "order.completed", "order": "o-1", "name": 'A"n', "tier": None,
    }  # fmt: skip


def test_a_comment_becomes_an_event_of_who_wrote_it():
    source = load(
        {
            "journeyfold.yaml": "name: shop\n",
            "sources/wordpress.yaml": FILES["sources/wordpress.yaml"],
        }
    ).sources["wordpress"]
    mapping = payload_mapping(source)
    comment = {
        "comment_ID": "17", "comment_post_ID": "4", "comment_author_email": "ann@x.example",
        "comment_date_gmt": "2026-11-22 08:00:00", "comment_approved": "1",
    }  # fmt: skip
    made = mapping(comment)
    assert (made["event"], made["properties"]) == ("Comment Posted", {"post": "4"})
    assert "ann@x.example" in str(made)
    assert mapping({**comment, "comment_approved": "0"}).reason == "unapproved"
