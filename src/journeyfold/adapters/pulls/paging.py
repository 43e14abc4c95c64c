"""How one page of an API leads to the next. Pure.

Where a page is, is a value that fits into a mark: an address, or what is added to the request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import urljoin, urlsplit

import msgspec

from journeyfold.core.event import Json
from journeyfold.sources.pull import PageCursor, PageNumber, PageOffset, Paging

_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*=\s*(?:"[^"]*"|[^\s",;]*))*)')
_RELATION = re.compile(r'\brel\s*=\s*(?:"([^"]*)"|([^\s",;]*))', re.IGNORECASE)
Items: TypeAlias = Sequence[Json]


class Page(msgspec.Struct, frozen=True):
    """Either a whole address, or parameters beside those of the request."""

    url: str = ""
    params: dict[str, str | int] = {}


class LostPage(Exception):  # noqa: N818 - an answer of the server
    """An answer that leads nowhere: one sentence."""


def first_page(paging: Paging | None) -> Page:
    match paging:
        case Paging(page=PageNumber() as number):
            return Page(params={number.param: number.start})
        case Paging(offset=PageOffset() as offset):
            return Page(params={offset.param: 0, offset.limit_param: offset.limit})
        case _:
            return Page()


def next_page(
    paging: Paging | None, here: Page, asked: str, value: Json, headers: Mapping[str, str],
    items: Items,
) -> Page | None:  # fmt: skip
    """After the page `here`, which was asked for at the address `asked`; None after the last one."""
    if paging is None:
        return None
    if paging.next_link is not None:
        return _linked(at(value, paging.next_link), asked)
    if paging.link_header:
        return _linked(_next_of(headers.get("link", "")), asked)
    if paging.cursor is not None:
        return _after(paging.cursor, value, items)
    if paging.page is not None:
        return _counted(paging.page, here, value, items)
    assert paging.offset is not None, "one of the ways is there: it is checked"
    return _moved(paging.offset, here, items)


def at(value: Json, path: str) -> Json:
    """`data.items` inside a value; a key that has dots itself is found, too; None where nothing is."""
    if not path:
        return value
    if not isinstance(value, dict):
        return None
    if path in value:
        return value[path]
    head, dot, rest = path.partition(".")
    while dot:
        if head in value:
            return at(value[head], rest)
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def _linked(link: Json, asked: str) -> Page | None:
    """Never to another host: the secrets of the request would go with it."""
    if not isinstance(link, str) or not link:
        return None
    url = urljoin(asked, link)
    here, there = urlsplit(asked), urlsplit(url)
    if (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise LostPage(f"the next page is at another host, {there.netloc or there.scheme}")
    return Page(url=url)


def _next_of(header: str) -> str:
    """The target of `rel="next"` (RFC 8288)."""
    for target, parameters in _LINK.findall(header):
        said = _RELATION.search(parameters)
        if said is not None and "next" in (said[1] or said[2] or "").lower().split():
            return str(target)
    return ""


def _after(cursor: PageCursor, value: Json, items: Items) -> Page | None:
    if cursor.more and not at(value, cursor.more):
        return None
    if cursor.item and not items:
        return None
    found = at(items[-1], cursor.item) if cursor.item else at(value, cursor.path)
    if found is None or found == "":
        return None
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise LostPage(f"the cursor of the next page is no text and no number: {str(found)[:80]}")
    return Page(params={cursor.param: found})


def _counted(number: PageNumber, here: Page, value: Json, items: Items) -> Page | None:
    current = here.params[number.param]
    assert isinstance(current, int), "pages are counted from a number"
    total = at(value, number.total) if number.total else None
    if not items or (isinstance(total, int) and current - number.start + 1 >= total):
        return None
    return Page(params={number.param: current + 1})


def _moved(offset: PageOffset, here: Page, items: Items) -> Page | None:
    if len(items) < offset.limit:
        return None
    current = here.params[offset.param]
    assert isinstance(current, int), "items are counted from a number"
    return Page(params={**here.params, offset.param: current + len(items)})
