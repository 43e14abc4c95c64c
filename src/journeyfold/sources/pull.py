"""What a source pulls over the network: tables and queries of a database, JSON of an HTTP API.

These are values of `read: {sql: …}` and `read: {http: …}` in `sources/*.yaml`; what reads them are
the modules of the same names in `adapters/pulls` (ADR 30).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from journeyfold.core.event import Json
from journeyfold.core.instant import duration_us
from journeyfold.sources.size import size_bytes

Mode: TypeAlias = Literal["full", "incremental", "snapshot"]
SINCE = "{since}"  # stands in a URL, a parameter or a body for where the last run came to
CHANGE, VERSION, SEEN = "_change", "_version", "_seen"
"""Columns that a snapshot adds: inserted, changed or deleted; what it is now; when it was seen."""


class Sql(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table or a query through SQLAlchemy.

    `full` reads everything each time. `incremental` reads what lies past the source's `cursor`.
    `snapshot` reads everything and tells what is new, changed or gone since the last time.
    """

    url: Annotated[str, msgspec.Meta(min_length=1, examples=["${env:CRM_URL}"])]
    table: str | None = None
    query: str | None = None
    schema: str | None = None
    mode: Mode | None = None  # incremental where the source has a `cursor`, else full
    key: tuple[str, ...] = ()  # of a snapshot: the columns that tell rows apart
    deleted: str = "deleted"  # of a snapshot: the event of a row that is gone
    fetch: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1_000  # rows at a time
    timeout: str = "30s"  # to connect, and between answers

    def __post_init__(self) -> None:
        if (self.table is None) == (self.query is None):
            raise ValueError("needs either `table` or `query`")
        if self.schema and not self.table:
            raise ValueError("schema: belongs to `table`; a query names it itself")
        if self.mode == "snapshot" and not self.key:
            raise ValueError("`mode: snapshot` needs `key`, the columns that tell rows apart")
        if self.key and self.mode != "snapshot":
            raise ValueError("key: belongs to `mode: snapshot`")
        _require_time("timeout", self.timeout)

    @property
    def identity(self) -> tuple[Json, ...]:
        """What a cursor belongs to: of another table it means nothing."""
        return ("sql", self.url, self.table, self.query, self.schema, self.mode, list(self.key))


class PageCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next page is named by a value of the answer, or of its last item."""

    param: str
    path: str = ""  # of the value in the answer
    item: str = ""  # or of the value in the last item
    more: str = ""  # path of a flag that says whether there is another page

    def __post_init__(self) -> None:
        if bool(self.path) == bool(self.item):
            raise ValueError("needs either `path` (in the answer) or `item` (in the last item)")


class PageNumber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pages are counted, until one has no items."""

    param: str = "page"
    start: int = 1
    total: str = ""  # path of the number of pages, where the answer says it


class PageOffset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Items are counted, until a page has none, or fewer than `limit`."""

    param: str = "offset"
    limit: Annotated[int, msgspec.Meta(ge=1)] = 100
    limit_param: str = "limit"


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one page leads to the next: exactly one of these."""

    next_link: str | None = None  # path of the next page's address
    cursor: PageCursor | None = None
    page: PageNumber | None = None
    offset: PageOffset | None = None
    link_header: bool = False  # `Link: <…>; rel="next"` (RFC 8288)

    def __post_init__(self) -> None:
        ways = (self.next_link, self.cursor, self.page, self.offset, self.link_header or None)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("needs exactly one of next_link, cursor, page, offset, link_header")


class Basic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: str
    password: str


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    secret: str


class OAuth2(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Client credentials (RFC 6749, 4.4); asked for anew when the token runs out or is refused."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str = ""
    audience: str = ""  # some ask for it beside the standard
    client: Literal["body", "header"] = "header"  # where it says who it is (2.3.1)


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who asks: exactly one of these."""

    bearer: str | None = None
    basic: Basic | None = None
    header: Header | None = None
    oauth2: OAuth2 | None = None

    def __post_init__(self) -> None:
        ways = (self.bearer, self.basic, self.header, self.oauth2)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("needs exactly one of bearer, basic, header, oauth2")


class Since(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `{since}` is: the highest value of the source's `cursor`, less its overlap.

    Where items come in its order (`sorted`), a page that is refused is gone round from there.
    """

    start: str = "1970-01-01T00:00:00Z"  # before the first run
    format: Literal["rfc3339", "date", "s", "ms", "text"] = "rfc3339"
    sorted: bool = False


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    requests_per_s: Annotated[float, msgspec.Meta(gt=0, le=1_000)] = 10.0


class Http(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pages of JSON. `items` is the path of the list in an answer; empty: the answer is the list.

    The keys of each object named in `merge` become columns beside the item's own.
    """

    url: Annotated[
        str, msgspec.Meta(min_length=1, examples=["https://api.example.com/v1/contacts"])
    ]
    method: Literal["GET", "POST"] = "GET"
    headers: dict[str, str] = {}
    params: dict[str, str | int | float | bool] = {}
    body: dict[str, Json] | None = None
    items: str = ""
    merge: tuple[str, ...] = ()
    paging: Paging | None = None
    auth: Auth | None = None
    rate: Pace = Pace()
    since: Since | None = None
    timeout: str = "30s"
    attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 6  # of one request
    patience: str = "5m"  # the longest wait that an answer may ask for
    page_max: str = "16MiB"
    pages_max: Annotated[int, msgspec.Meta(ge=1)] = 100_000

    def __post_init__(self) -> None:
        if self.body is not None and self.method != "POST":
            raise ValueError("body: needs `method: POST`")
        _require_time("timeout", self.timeout)
        _require_time("patience", self.patience)
        if size_bytes(self.page_max) is None:
            raise ValueError(f"page_max: {self.page_max!r} is no size; write 16MiB")
        told = SINCE in msgspec.json.encode((self.url, self.params, self.body)).decode()
        if told != (self.since is not None):
            raise ValueError(f"`since` and `{SINCE}` in url, params or body go together")

    @property
    def identity(self) -> tuple[Json, ...]:
        return ("http", self.url, self.method, dict(self.params), self.body, self.items)


Pull: TypeAlias = Sql | Http


def _require_time(key: str, text: str) -> None:
    if not duration_us(text):
        raise ValueError(f"{key}: {text!r} is no duration; write 30s, 10m, 2h or 30d")
