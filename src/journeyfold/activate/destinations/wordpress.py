"""WordPress: posts (or pages, or another type) by their slug, through its REST API.

WordPress has no upsert. The slug is looked up first, so writing again changes what is there; two
writers at the same moment could both find nothing, so a destination writes one at a time.
https://developer.wordpress.org/rest-api/reference/posts/
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode

import msgspec

from journeyfold.activate.batching import KEY, row_name, settled
from journeyfold.activate.destination import (
    Answer,
    Outcome,
    Parcel,
    ParcelKind,
    Rate,
    Tools,
)
from journeyfold.activate.platform import Platform
from journeyfold.activate.rest import Rest, listed, told, value_of
from journeyfold.core.event import Json

_EVERY = "publish,future,draft,pending,private"


class Wordpress(Platform, frozen=True, kw_only=True, tag="wordpress"):
    """`url` is the site's, `user` and `secret` a user and an application password of theirs. A
    row's key, or the field `slug`, is the slug. A removed row's post goes to the bin.
    """

    takes = frozenset({"webhook", "upsert", "remove"})
    batch: ClassVar[int] = 1
    needs_payload: ClassVar[bool] = True

    url: str
    user: Annotated[str, msgspec.Meta(min_length=1)]
    secret: str
    content: Annotated[
        str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$", examples=["posts"])
    ] = "posts"
    status: Literal["publish", "draft", "pending", "private"] = "publish"
    rate: Rate = Rate(concurrency=1)

    def open(self, tools: Tools) -> Site:
        basic = b64encode(f"{self.user}:{tools.secret(self.secret)}".encode()).decode()
        base = f"{tools.secret(self.url).rstrip('/')}/wp-json/wp/v2/{self.content}"
        headers = {**self.headers_of(tools), "authorization": f"Basic {basic}"}
        return Site(self, tools, Rest(tools.http, base, headers))


class Site:
    def __init__(self, settings: Wordpress, tools: Tools, rest: Rest) -> None:
        self._settings, self._tools, self._rest = settings, tools, rest

    def deliver(self, parcels: Sequence[Parcel]) -> list[Outcome]:
        return settled(parcels, self._post, self._send)

    def close(self) -> None:
        """Nothing is kept here: connections are the client's."""

    def _post(self, parcel: Parcel) -> tuple[str, tuple[str, dict[str, Json]]]:
        slug = row_name(parcel, "slug")
        fields = {each: value for each, value in parcel.body.items() if each not in {"slug", KEY}}
        return slug, (slug, fields)

    def _send(
        self, kind: ParcelKind, posts: Sequence[tuple[str, dict[str, Json]]]
    ) -> list[Outcome]:
        if kind == "remove":
            return [self._removed(slug) for slug, _ in posts]
        return [self._written(slug, fields) for slug, fields in posts]

    def _written(self, slug: str, fields: dict[str, Json]) -> Outcome:
        found = self._found(slug)
        if isinstance(found, Outcome):
            return found
        path = f"/{found}" if found else ""
        post = {"status": self._settings.status, **fields, "slug": slug}
        return self._told(self._rest("POST", path, post))

    def _removed(self, slug: str) -> Outcome:
        found = self._found(slug)
        if isinstance(found, Outcome):
            return found
        if not found:
            return Outcome("sent", "no such post")
        answer = self._rest("DELETE", f"/{found}")
        if answer.status in {404, 410}:  # 410: in the bin already
            return Outcome("sent", "no such post")
        return self._told(answer)

    def _found(self, slug: str) -> int | Outcome:
        """The id behind a slug, 0 for none; an outcome where it cannot be known."""
        query = urlencode({"slug": slug, "status": _EVERY, "context": "edit", "per_page": 1})
        answer = self._rest("GET", f"?{query}")
        if answer.status != 200:
            return self._told(answer)
        for each in listed({"all": value_of(answer)}, "all"):
            name = each.get("id")
            if isinstance(name, int):
                return name
        return 0

    def _told(self, answer: Answer) -> Outcome:
        found = value_of(answer)
        message = found.get("message") if isinstance(found, dict) else None
        return told(answer, self._tools.now_us(), message)
