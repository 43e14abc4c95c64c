"""Items of an HTTP API that answers JSON in pages (collect C43).

The mark is where the next page is, and, with a `cursor`, the highest value met: what it is at the end
of a run is where the next one begins. A page is marked as done with its last item; one that broke off
is asked for again. A page that an earlier run was to go on with may be forgotten by then: that run is
begun anew, since nothing is appended twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

import msgspec

from journeyfold.activate.reach import Reach
from journeyfold.adapters.outgoing import Outgoing
from journeyfold.adapters.pulls.asking import Asking, Refused
from journeyfold.adapters.pulls.paging import LostPage, Page, at, first_page, next_page
from journeyfold.adapters.pulls.secret import hidden
from journeyfold.collect.frames import Job
from journeyfold.collect.line import BadLine, NoAnswer, Row, Rows
from journeyfold.collect.rows import object_values
from journeyfold.core.event import Json
from journeyfold.core.instant import rfc3339
from journeyfold.sources.columns import columns_used
from journeyfold.sources.inventory import Source
from journeyfold.sources.local_time import Zone
from journeyfold.sources.pull import SINCE, Http, Since
from journeyfold.sources.size import size_bytes

_TEXT_MAX = 1_000


class _Mark(msgspec.Struct, frozen=True):
    """`page` None: the run is over. `since` is what this run asks with."""

    since: str = ""
    page: Page | None = None
    highest: int | float | str | None = None


def open_http(pull: Http, job: Job, source: Source, stack: ExitStack) -> Rows:
    assert job.pulled is not None, "asked for pulls only"
    outgoing = Outgoing(Reach(job.pulled.allow), body_max=(size_bytes(pull.page_max) or 0) + 1)
    stack.callback(outgoing.close)
    return _Reading(pull, job, source, Asking(pull, outgoing)).rows()


class _Reading:
    def __init__(self, pull: Http, job: Job, source: Source, asking: Asking) -> None:
        assert job.pulled is not None, "asked for pulls only"
        self._pull, self._job, self._source, self._asking = pull, job, source, asking
        self._is_continued = False
        kept = job.pulled.mark
        self._mark = self._begun(msgspec.convert(kept, _Mark) if kept is not None else _Mark())

    def rows(self) -> Rows:
        read = self._source.read
        assert read is not None, "an import has `read`"
        types, values = object_values(
            read, columns_used(self._source), Zone(self._source.time_zone)
        )
        cursor = self._source.cursor
        place = list(types).index(cursor.column) if cursor is not None else None
        return Rows(types, self._given(values, place), None, self._standing)

    def _standing(self) -> Json:
        standing: Json = msgspec.to_builtins(self._mark)
        return standing

    def _begun(self, kept: _Mark) -> _Mark:
        """A run that was broken off goes on; another one begins at the highest, less the overlap."""
        first = first_page(self._pull.paging)
        if self._job.after is not None:
            return _Mark(self._written(self._job.after[0]), first)
        if kept.page is not None:
            self._is_continued = True
            return kept
        return self._anew(kept)

    def _anew(self, kept: _Mark) -> _Mark:
        first, since, cursor = first_page(self._pull.paging), self._pull.since, self._source.cursor
        highest = kept.highest
        if since is None or highest is None or cursor is None:
            return _Mark(since.start if since else "", first)
        if isinstance(highest, int) and self._is_time():
            highest -= cursor.overlap_us
        return _Mark(self._written(highest), first, kept.highest)

    def _is_time(self) -> bool:
        read, cursor = self._source.read, self._source.cursor
        assert read is not None, "an import has `read`"
        assert cursor is not None, "asked for cursors only"
        return read.types.get(cursor.column) == "timestamp" or cursor.column in read.units

    def _written(self, value: Json) -> str:
        since = self._pull.since or Since()
        return since_text(value, since.format) if self._is_time() else str(value)

    # --- pages ----------------------------------------------------------------------------------

    def _given(
        self, values: Callable[[dict[str, Any]], tuple[object, ...]], place: int | None
    ) -> Iterator[Row | BadLine]:
        with self._told():
            line, seen, before = 0, set[bytes](), b""
            for number in range(1, self._pull.pages_max + 1):
                value, headers, url = self._asked()
                page = self._mark.page
                assert page is not None, "the loop ends with the last page"
                items = self._items(value, number)
                digest = blake2b(msgspec.msgpack.encode(items), digest_size=16).digest()
                after = next_page(self._pull.paging, page, url, value, headers, items)
                is_met = _digest(after) in seen or after == page
                if after is not None and (is_met or (items and digest == before)):
                    raise NoAnswer(
                        f"page {number} leads to a page that was there already; see `paging`"
                    )
                seen.add(_digest(page))
                before = digest
                for item in items[:-1]:
                    line += 1
                    yield self._read(line, item, values, place)
                if items:
                    line += 1
                    last = self._read(line, items[-1], values, place)
                    self._mark = msgspec.structs.replace(self._mark, page=after)
                    yield last
                self._mark = msgspec.structs.replace(self._mark, page=after)
                if after is None:
                    return
            raise NoAnswer(f"there are more pages than `pages_max` ({self._pull.pages_max})")

    def _asked(self) -> tuple[Json, dict[str, str], str]:
        """The answer, its headers and the address that was asked; the page is the mark's."""
        page, first = self._mark.page, first_page(self._pull.paging)
        try:
            return self._once(page or first)
        except Refused as refused:
            if not self._is_continued or refused.status in {401, 403}:
                raise
        self._is_continued = False
        if self._pull.since is not None and self._pull.since.sorted:
            self._mark = self._anew(self._mark)
        else:
            self._mark = msgspec.structs.replace(self._mark, page=first)
        return self._once(first)

    def _once(self, page: Page) -> tuple[Json, dict[str, str], str]:
        pull, since = self._pull, self._mark.since
        body = _with_since(pull.body, since)
        assert isinstance(body, dict | None), "a body is a map: it is checked"
        url = page.url or pull.url.replace(SINCE, since)
        if not page.url:
            params = {name: _param(each, since) for name, each in pull.params.items()}
            if pull.method == "POST":
                body = {**(body or {}), **page.params}
            else:
                params |= {name: str(each) for name, each in page.params.items()}
            if params:
                url += ("&" if "?" in url else "?") + urlencode(params)
        value, headers = self._asking.ask(url, body)
        self._is_continued = False
        return value, headers, url

    def _items(self, value: Json, number: int) -> list[Json]:
        found = at(value, self._pull.items)
        if isinstance(found, list):
            return found
        if value is None:  # 204
            return []
        there = ", ".join(list(value)[:20]) if isinstance(value, dict) else type(value).__name__
        where = f"`items: {self._pull.items}`" if self._pull.items else "the answer"
        what = "is not there" if found is None else "is no list"
        raise NoAnswer(f"page {number}: {where} {what}; the answer has: {there}")

    def _read(
        self, line: int, item: Json, values: Callable[[dict[str, Any]], tuple[object, ...]],
        place: int | None,
    ) -> Row | BadLine:  # fmt: skip
        text = msgspec.json.encode(item)[:_TEXT_MAX].decode("utf-8", "replace")
        if not isinstance(item, dict):
            return BadLine(line, "not_an_object", f"item {line} is not a JSON object", text)
        row = dict(item)
        for name in self._pull.merge:
            inner = at(item, name)
            row |= inner if isinstance(inner, dict) else {}
        try:
            found = values(row)
        except ValueError as error:
            return BadLine(line, "bad_value", f"item {line}: {error}", text)
        if place is not None:
            self._meet(found[place])
        return line, found

    def _meet(self, value: object) -> None:
        """The highest of one kind: numbers, or texts."""
        highest = self._mark.highest
        if not isinstance(value, int | float | str) or isinstance(value, bool):
            return
        if highest is not None and isinstance(highest, str) != isinstance(value, str):
            return
        if highest is None or value > highest:  # type: ignore[operator]  # of one kind
            self._mark = msgspec.structs.replace(self._mark, highest=value)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """One sentence without secrets."""
        assert self._job.pulled is not None, "asked for pulls only"
        try:
            yield
        except (NoAnswer, Refused, LostPage) as error:
            raise NoAnswer(hidden(str(error), self._job.pulled.secrets)) from None


def since_text(value: Json, form: str) -> str:
    """An instant as the API wants it."""
    if not isinstance(value, int):
        return str(value)
    match form:
        case "s":
            return str(value // 1_000_000)
        case "ms":
            return str(value // 1_000)
        case "date":
            at_us = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=value)
            return at_us.date().isoformat()
        case _:
            return rfc3339(value)


def _with_since(value: Json, since: str) -> Json:
    match value:
        case str():
            return value.replace(SINCE, since)
        case dict():
            return {name: _with_since(each, since) for name, each in value.items()}
        case list():
            return [_with_since(each, since) for each in value]
        case _:
            return value


def _param(value: object, since: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace(SINCE, since)


def _digest(page: Page | None) -> bytes:
    return blake2b(msgspec.msgpack.encode(page), digest_size=16).digest()
