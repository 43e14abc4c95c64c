"""Naughty strings as journeys, steps, mails and filters: shown as text, and nothing breaks."""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from journeyfold.console.journey_changes import mark
from journeyfold.testing.desk import SampleDesk
from journeyfold.testing.sample_journeys import CART

ROOT = Path(
    os.environ.get("JOURNEYFOLD_CONFORMANCE", Path(__file__).parents[3] / "shared/conformance")
)
STRINGS = json.loads((ROOT / "security/blns.json").read_text(encoding="utf-8"))
SOME = STRINGS[::37]
EDIT = "/journeys/cart-abandoned"


class Reader(HTMLParser):
    """What a page would carry out; a frame may only show one of ours, with nothing allowed."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        if tag in ("object", "embed", "img", "style", "base", "video", "audio"):
            self.found.append(tag)
        if tag == "iframe" and (
            names.get("sandbox") != "" or not names.get("src", "").startswith("/")
        ):
            self.found.append("iframe")
        if tag == "script" and not (names.get("src") or "").startswith("/static/"):
            self.found.append("script")
        self.found += [name for name in names if name.startswith("on") or name == "style"]
        link = names.get("href") or names.get("action") or names.get("formaction") or ""
        if re.match(r"\s*(javascript|data:text|vbscript)", link, re.IGNORECASE):
            self.found.append(link)


def found_in(text):
    reader = Reader()
    reader.feed(text)
    return reader.found


@pytest.fixture(scope="module")
def named(signed_in):
    """A desk whose journey says such strings wherever it can."""
    desk = SampleDesk(people=6)
    files = dict(desk.sample.project.files)
    for number, text in enumerate(STRINGS[::37]):
        said = json.dumps(text)
        files[f"journeys/j{number}.yaml"] = (
            f"title: {said}\nentry: [{{event: {json.dumps(text or 'e')}}}]\nfilter: {said}\n"
            f"steps:\n  - {{id: a, update: {{traits: {{{json.dumps(text or 't')}: {said}}}}}}}\n"
            f"  - {{id: b, exit: {json.dumps(text or 'x')}}}\n"
        )
    desk.sample.project = msgspec.structs.replace(desk.sample.project, files=files)
    return signed_in(desk), desk


def test_journeys_named_so_are_shown_as_text(named):
    browser, desk = named
    shown = [card.id for card in desk.journeys.journeys()]
    assert len(shown) > 6
    assert found_in(browser.get("/journeys").text) == []
    for journey in shown:
        for path in ("", "?tab=versions", "/edit?open=a", "/edit?open=entry"):
            answer = browser.get(f"/journeys/{journey}{path}")
            assert answer.status_code == 200
            assert found_in(answer.text) == []


def test_whatever_is_typed_as_text_comes_back_as_text(shop):
    for text in SOME:
        answer = shop.write(f"{EDIT}/draft", text=text, do="text")
        assert answer.status_code == 200
        assert found_in(answer.text) == []


@pytest.mark.parametrize(
    "step", ["pause", "bought", "split", "pick", "mail", "again", "done", "entry"]
)
def test_whatever_is_typed_into_a_field_is_kept_as_text(shop, step):
    fields = re.findall(r'name="(f:[^"]+)"', shop.get(f"{EDIT}/edit?open={step}").text)
    assert fields
    for at, text in enumerate(SOME):
        field = fields[at % len(fields)]
        form = {"text": CART, "was": mark(CART), "at": step, field: text}
        answer = shop.write(f"{EDIT}/draft", **form)
        assert answer.status_code == 200
        assert found_in(answer.text) == []


def test_whatever_is_played_or_published_is_answered_in_words(shop):
    for text in SOME:
        for path in ("play", "plan"):
            answer = shop.write(f"{EDIT}/{path}", text=text, events=text, who=text, do=path)
            assert answer.status_code == 200
            assert found_in(answer.text) == []


def test_filters_ids_and_addresses_come_back_as_text(shop):
    for text in SOME:
        for path, key in (("/mailbox", "find"), ("/outbox", "reason"), ("/journeys", "stage")):
            answer = shop.get(path, params={key: text})
            assert answer.status_code == 200
            assert found_in(answer.text) == []
        for path, key in (("/journeys/new", "id"), ("/messages/cart", "q"), (f"{EDIT}/trace", "q")):
            answer = shop.write(path, **{key: text, "seed": "welcome"})
            assert answer.status_code in (200, 422)
            assert found_in(answer.text) == []
        for path in (f"{EDIT}?step=", "/outbox?row=", "/messages/cart?person="):
            answer = shop.get(path, params=None)
            assert answer.status_code == 200
