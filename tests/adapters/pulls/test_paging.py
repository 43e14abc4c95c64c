"""How one page leads to the next."""

import msgspec
import pytest

from journeyfold.adapters.pulls.paging import LostPage, Page, at, first_page, next_page
from journeyfold.sources.pull import Paging

ASKED = "https://api.example.com/v1/contacts?limit=2"


def step(paging, value=None, items=(1, 2), here=None, headers=None):
    paging = msgspec.convert(paging, Paging)
    return next_page(paging, here or first_page(paging), ASKED, value, headers or {}, list(items))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", {"a": {"b": [1], "x.y": 2}, "@odata.nextLink": "l"}), ("a.b", [1]), ("a.x.y", 2),
        ("@odata.nextLink", "l"), ("a.c", None), ("a.b.c", None),
    ],
)  # fmt: skip
def test_a_path_finds_keys_with_dots_too(path, found):
    assert at({"a": {"b": [1], "x.y": 2}, "@odata.nextLink": "l"}, path) == found


def test_a_link_in_the_answer_may_be_relative():
    told = {"next": "/v1/contacts?after=7"}
    assert step({"next_link": "next"}, told).url == "https://api.example.com/v1/contacts?after=7"
    assert step({"next_link": "next"}, {}) is None


def test_a_link_to_another_host_is_not_followed():
    with pytest.raises(LostPage, match=r"another host, evil\.example"):
        step({"next_link": "next"}, {"next": "https://evil.example/v1"})


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ('<https://api.example.com/2>; rel="next"', "https://api.example.com/2"),
        ('</1>; rel="prev", </3>; title="a, b"; rel=next', "https://api.example.com/3"),
        ('</1>; rel="prev"', None),
        ("", None),
    ],
)
def test_a_link_header_names_the_next_page(header, url):
    page = step({"link_header": True}, headers={"link": header})
    assert (page.url if page else None) == url


def test_a_cursor_of_the_answer_or_of_its_last_item_is_sent():
    by_answer = {"cursor": {"path": "paging.next.after", "param": "after"}}
    told = {"paging": {"next": {"after": "x7"}}}
    assert step(by_answer, told).params == {"after": "x7"}
    assert step(by_answer, {"paging": {}}) is None
    by_item = {"cursor": {"item": "id", "param": "starting_after", "more": "has_more"}}
    items = [{"id": "a"}, {"id": "b"}]
    assert step(by_item, {"has_more": True}, items).params == {"starting_after": "b"}
    assert step(by_item, {"has_more": False}, items) is None


def test_pages_are_counted_until_one_is_empty_or_the_last_is_told():
    second = step({"page": {"param": "p"}})
    assert (second, step({"page": {"param": "p"}}, items=())) == (Page(params={"p": 2}), None)
    assert step({"page": {"param": "p", "total": "pages"}}, {"pages": 2}, here=second) is None


def test_items_are_counted_until_a_page_is_not_full():
    offset = {"offset": {"limit": 2}}
    assert step(offset).params == {"offset": 2, "limit": 2}
    assert step(offset, items=(1,)) is None
