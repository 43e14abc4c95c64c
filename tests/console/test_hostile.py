"""Naughty strings as event names, traits, identifiers, reasons: shown as text, on every screen."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from journeyfold.testing.desk import SampleDesk

ROOT = Path(
    os.environ.get("JOURNEYFOLD_CONFORMANCE", Path(__file__).parents[3] / "shared/conformance")
)
STRINGS = json.loads((ROOT / "security/blns.json").read_text(encoding="utf-8"))


class Reader(HTMLParser):
    """Collects scripts, event attributes and styles that a page would carry out."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        if tag in ("iframe", "object", "embed", "img", "style", "base", "video", "audio"):
            self.found.append(tag)
        if tag == "script" and not (names.get("src") or "").startswith("/static/"):
            self.found.append("script")
        self.found += [name for name in names if name.startswith("on") or name == "style"]
        link = names.get("href") or names.get("action") or ""
        if re.match(r"\s*(javascript|data:text|vbscript)", link, re.IGNORECASE):
            self.found.append(link)


@pytest.fixture(scope="module")
def hostile(signed_in):
    return signed_in(SampleDesk(people=24, names=STRINGS)), SampleDesk(people=24, names=STRINGS)


def test_there_are_515_strings():
    assert len(STRINGS) == 515


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/live",
        "/live?fate=quarantined",
        "/quarantine",
        "/people",
        "/segments",
        "/sources",
        "/schemas",
        "/quality",
        "/quality?ruleset=quality/orders.yaml&rule=amount&source=web",
    ],
)
def test_screens_show_them_as_text(hostile, path):
    client, _ = hostile
    answer = client.get(path)
    assert answer.status_code == 200
    assert found_in(answer.text) == []


def test_every_record_and_held_message_opens_as_text(hostile):
    client, desk = hostile
    for offset in range(0, len(desk.log.records), max(1, len(desk.log.records) // 60)):
        assert found_in(client.get(f"/live?record={offset}").text) == []
    for row in desk.quarantine.held:
        assert found_in(client.get(f"/quarantine?held={row.id}").text) == []


def test_people_named_so_are_shown_as_text(hostile):
    client, desk = hostile
    for profile in desk.people.recent(24):
        assert found_in(client.get(f"/people/{profile.person}").text) == []
        clear = client.write(f"/people/{profile.person}/clear", reason="a test of text")
        assert found_in(clear.text) == []


def test_searched_and_drafted_strings_come_back_as_text(hostile):
    client, _ = hostile
    for text in STRINGS[::12]:
        assert found_in(client.write("/people", q=text).text) == []
        answer = client.write("/segments/vip/draft", do="text", when=text)
        assert answer.status_code == 200
        assert found_in(answer.text) == []


def test_filters_and_paths_come_back_as_text(hostile):
    client, _ = hostile
    for text in STRINGS[::12]:
        answer = client.get("/live", params={"name": text, "source": text, "person": text})
        assert answer.status_code == 200
        assert found_in(answer.text) == []
        assert client.get("/nope", params={"next": text}).status_code == 404


def found_in(text):
    reader = Reader()
    reader.feed(text)
    return reader.found
