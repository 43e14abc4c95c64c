"""A token says what we said and nothing else; a link leads where the table says (journeys A13)."""

import pytest

from journeyfold.activate.markup import prepared
from journeyfold.activate.tracking import (
    GIF,
    LINK_BEGINS,
    LINK_ENDS,
    Token,
    TokenKey,
    tracked,
    untracked,
)

KEY = TokenKey(bytes(32))
EFFECT = "6a1c0c1e-0000-5000-8000-000000000001"
BASE = "https://shop.example"


def sent(html):
    return tracked(
        prepared(html, is_mjml=False).text, effect=EFFECT, base=BASE, key=KEY,
        alone=f"{BASE}/u/x",
    )  # fmt: skip


def test_a_token_is_read_back():
    assert KEY.read("c", KEY.token("c", EFFECT, 7)) == Token(EFFECT, 7)


def test_a_token_has_36_bytes_in_48_characters():
    token = KEY.token("o", EFFECT)
    assert len(token) == 48
    assert token.replace("-", "").replace("_", "").isalnum()


def test_a_token_for_one_use_is_none_for_another():
    assert KEY.read("u", KEY.token("o", EFFECT)) is None


def test_a_token_of_another_key_is_none():
    assert TokenKey(bytes(31) + b"x").read("o", KEY.token("o", EFFECT)) is None


@pytest.mark.parametrize("place", range(0, 48, 5))
def test_a_token_with_one_other_character_is_none(place):
    token = KEY.token("c", EFFECT, 3)
    other = "A" if token[place] != "A" else "B"
    assert KEY.read("c", token[:place] + other + token[place + 1 :]) is None


@pytest.mark.parametrize("text", ["", "x", "ä" * 48, "=" * 48, "A" * 47, "A" * 49])
def test_what_is_no_token_is_none(text):
    assert KEY.read("o", text) is None


def test_a_pixel_has_43_bytes():
    assert len(GIF) == 43


def test_links_lead_through_us_and_the_table_says_where_to():
    found = sent('<a href="https://a.example/?x=1&amp;y=2">a</a><a href="HTTPS://b.example">b</a>')
    assert found.links == ["https://a.example/?x=1&y=2", "HTTPS://b.example"]
    assert f'href="{BASE}/t/c/{KEY.token("c", EFFECT, 1)}"' in found.html


def test_one_target_is_one_row_of_the_table():
    assert sent('<a href="https://a.example/">1</a><a href="https://a.example/">2</a>').links == [
        "https://a.example/"
    ]


@pytest.mark.parametrize(
    "link",
    [
        '<a href="mailto:a@b.example">x</a>',
        '<a href="tel:+4930">x</a>',
        '<a href="#top">x</a>',
        '<a data-no-track href="https://a.example/">x</a>',
        f'<a href="{BASE}/u/x">x</a>',
        '<a name="https://a.example/">x</a>',
    ],
)
def test_other_links_stay_as_they_are(link):
    found = sent(link)
    assert found.links == []
    assert found.html.startswith(link)


def test_no_mark_is_left_in_what_is_sent():
    html = sent('<a href="https://a.example/">1</a>').html
    assert not set(html) & set("\x02\x03\x04")


def test_a_return_path_says_which_message_it_is_about():
    path = KEY.return_path(EFFECT, "bounces.example")
    assert KEY.effect_of(f"<{path.upper()}>") == ("b", EFFECT)
    assert KEY.effect_of(path.replace(".", ".0", 1)) is None


def test_a_return_path_fits_a_local_part():
    assert len(KEY.return_path(EFFECT, "x").partition("@")[0]) <= 64


@pytest.mark.parametrize(
    "value",
    ["javascript:alert(1)", "JaVaScript:x", " java\tscript:x", "data:text/html,x", "vbscript:x",
     "&#106;avascript:x"],
)  # fmt: skip
def test_t09_a_value_cannot_become_a_script_link(value):
    marked = f'<a href="{LINK_BEGINS}{value}{LINK_ENDS}">x</a>'
    assert untracked(marked) == '<a href="#">x</a>'
    found = tracked(marked, effect=EFFECT, base=BASE, key=KEY, alone="")
    assert found.html.startswith('<a href="#">x</a>')


@pytest.mark.parametrize(
    "value", ["https://a.example/?t=1:2", "mailto:a@b.example", "/cart?at=09:00", "#a:b", "cart"]
)
def test_a_usual_link_stays_as_it_is(value):
    assert untracked(f'<a href="{LINK_BEGINS}{value}{LINK_ENDS}">') == f'<a href="{value}">'
