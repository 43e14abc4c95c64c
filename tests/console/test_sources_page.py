"""How the Sources page names what the platform reads by itself (console C11)."""

import re
from html import unescape

import msgspec
import pytest

from journeyfold.api.cards import PullCard


def panel(signed_in, desk, **keys):
    """What stands in the panel of the first source, as text."""
    first, *rest = desk.sample.sources
    desk.sample.sources = [msgspec.structs.replace(first, **keys), *rest]
    page = signed_in(desk).get("/sources").text
    at = page.index(f'id="{first.id}"')
    return unescape(re.sub(r"<[^>]+>", " ", page[at : page.index("</div></div>", at) + 4000]))


@pytest.mark.parametrize(
    ("kind", "shown", "snippet"),
    [
        ("file", "file, ", "journeyfold import"),
        ("database", "database, ", "journeyfold import"),
        ("api", "HTTP API, ", "journeyfold import"),
        ("stream", "database, followed, ", "journeyfold follow"),
    ],
)
def test_what_is_read_is_named_by_where_it_is_read(signed_in, desk, kind, shown, snippet):
    text = panel(signed_in, desk, kind=kind)
    assert re.search(rf"Kind\s+{shown}", text)
    assert snippet in text
    assert "create one" not in text[: text.index(snippet)]


@pytest.mark.parametrize("kind", ["file", "database", "api", "stream"])
def test_what_is_read_gets_no_key(signed_in, desk, kind):
    first, *rest = desk.sample.sources
    desk.sample.sources = [msgspec.structs.replace(first, kind=kind), *rest]
    assert f"<option>{first.id}</option>" not in signed_in(desk).get("/settings").text


def test_why_changes_of_a_stream_are_rejected_stands_beside_it(signed_in, desk):
    pull = PullCard(rejected=3, refused="no purpose of it is granted")
    text = panel(signed_in, desk, kind="stream", pull=pull)
    assert re.search(r"Rejected\s+3: no purpose of it is granted", text)
