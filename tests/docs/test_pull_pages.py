"""What the pages on sources, databases and HTTP APIs show, done: files, commands, output."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from http_receiver import receiving
from live import run_cli
from mmdb_kit import write_places

from journeyfold.runtime.workspace import Workspace, place_of

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


def events_of(shop, source):
    workspace = Workspace(place_of(shop, None))
    records = workspace.log.read(-1, 1_000)
    workspace.close()
    return [each.event for each in records if each.event.source == source]


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


def test_visits_are_joined_with_the_weather_of_their_place_and_hour(shop):
    (shop / "data").mkdir()
    write_places(shop / "data" / "places.mmdb", {"203.0.113.0/24": {"country": {"iso_code": "DE"}}})
    page = (HOW_TO / "know-place-and-weather.md").read_text()
    table = re.search(r"```csv\n(.*?)```", page, re.DOTALL)[1]
    (shop / "data" / "weather.csv").write_text(table)
    (shop / "weather_by_hour.csv").write_text(table)
    kind = re.search(r"`(- {name: customer_id.*?})`", page)[1]
    identity = shop / "identity.yaml"
    identity.write_text(identity.read_text().replace("kinds:\n", f"kinds:\n  {kind}\n", 1))
    files = re.search(r"  places: .*\n  weather: .*\n", page)[0]
    settings = shop / "journeyfold.yaml"
    settings.write_text(settings.read_text().replace("server:\n", f"server:\n{files}", 1))
    (shop / "visits.csv").write_text(
        "visit,at,customer_id,town,geocell\n"
        'v1,2026-07-01T12:40:00Z,c1,Berlin,"52.5,13.4"\nv2,2026-07-01T13:05:00Z,c1,Potsdam,"52.4,13.1"\n'
    )
    play("know-place-and-weather.md", shop)
    seen = {
        event.id: (event.context["location"]["place"], event.context.get("weather"))
        for event in events_of(shop, "visits")
    }
    assert seen == {
        "v1": ("Berlin", {"condition": "rain", "temp_c": 14.5}),
        "v2": ("Potsdam", {}),
    }


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
