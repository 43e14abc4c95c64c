"""What the pages on sources, databases and HTTP APIs show, done: files, commands, output."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from http_receiver import receiving
from live import run_cli

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"
FENCE = re.compile(r"^```(yaml|sh|text)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
PEOPLE = ["ann", "bob", "eve"]


@pytest.fixture
def shop(tmp_path):
    run_cli(tmp_path, "init", "shop", "--template", "shop")
    return tmp_path / "shop"


def play(page, shop, **environment):
    """Files are written, commands run; a line shown must be in what the last of them said."""
    said = ""
    for language, code in FENCE.findall((HOW_TO / page).read_text()):
        if language == "yaml":
            name, _, text = code.partition("\n")
            (shop / name.removeprefix("# ")).write_text(text)
        elif language == "text":
            for line in code.splitlines():
                pattern = ".*".join(map(re.escape, line.split("…")))
                assert re.search(pattern, said), f"{line!r} is not in:\n{said}"
        else:
            for command in re.findall(r"^journeyfold (.*)$", code, re.MULTILINE):
                said = run_cli(shop, *command.split(), **environment).stdout


def appended(shop, source, **environment):
    told = run_cli(shop, "import", source, "--json", **environment).stdout
    return json.loads(told)["appended"]


def test_the_inventory_shown_is_a_source_that_passes_check_and_imports(shop):
    (shop / "crm.csv").write_text(
        "EMAIL,BIRTHDAY,SCORE,CHANGED\nann@example.com,1971-06-01,7,2026-01-01T10:00:00Z\n"
    )
    play("keep-an-inventory.md", shop)
    run_cli(shop, "check")
    assert appended(shop, "crm") == 1
    fields = json.loads(run_cli(shop, "sources", "list", "--json").stdout)
    assert "user.contact.email" in json.dumps(fields)


def test_every_command_of_importing_from_a_database_does_what_it_says(shop):
    with closing(sqlite3.connect(shop / "crm.db")) as database:
        database.execute("CREATE TABLE contacts (id, email, city, updated_at TIMESTAMP)")
        database.execute("CREATE TABLE members (id, email, tier)")
        for name in PEOPLE:
            email = f"{name}@example.com"
            row = (name, email, "Berlin", "2026-01-01 10:00:00")
            database.execute("INSERT INTO contacts VALUES (?, ?, ?, ?)", row)
            database.execute("INSERT INTO members VALUES (?, ?, 'gold')", (name, email))
        database.commit()
    url = {"CRM_URL": "sqlite:///crm.db", "CLUB_URL": "sqlite:///crm.db"}
    play("import-from-a-database.md", shop, **url)
    assert appended(shop, "members", **url) == 3
    with closing(sqlite3.connect(shop / "crm.db")) as database:
        database.execute("DELETE FROM members WHERE id = 'bob'")
        database.commit()
    assert appended(shop, "members", **url) == 1


def test_every_command_of_importing_from_an_api_does_what_it_says(shop):
    def members(request):
        assert request.headers["authorization"] == "Bearer hush"
        at = int(request.query.get("cursor", 0))
        email = f"{PEOPLE[at]}@example.com"
        item = {"id": at, "email": email, "tier": "gold", "updated_at": "2026-01-01T10:00:00Z"}
        return 200, {"data": [item], "next_cursor": at + 1 if at < 2 else None}

    settings = shop / "journeyfold.yaml"
    text = settings.read_text().replace(
        "server:\n", "server:\n  outgoing: {allow: [127.0.0.1]}\n", 1
    )
    settings.write_text(text)
    with receiving(members) as receiver:
        url = {"LOYALTY_URL": receiver.url, "LOYALTY_TOKEN": "hush"}
        play("import-from-an-http-api.md", shop, **url)
        assert len(receiver.requests) == 6
