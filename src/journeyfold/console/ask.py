"""One request of a signed-in user, as a page gets it: what was asked, by whom, and how to answer.

Pages are plain functions `(Ask) -> Response`; they run in a thread and call the desk directly.
Sign-in, roles, the Origin and the token of a write were checked before a page is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlencode
from zoneinfo import available_timezones

from starlette.responses import HTMLResponse, RedirectResponse, Response

from journeyfold.api.desk import Desk
from journeyfold.api.read import Offsets
from journeyfold.api.session import User
from journeyfold.console.render import Screens
from journeyfold.console.wording import Dates


class Ask:
    """Query and form hold single values: the last of a name wins, as in a browser's own state."""

    def __init__(
        self,
        *,
        desk: Desk,
        screens: Screens,
        offsets: Offsets,
        user: User,
        path: str,
        params: Mapping[str, str],
        query: Mapping[str, str],
        form: Mapping[str, str],
        cookies: Mapping[str, str],
        host: str,
        scheme: str,
    ) -> None:
        self.desk, self.screens, self.user = desk, screens, user
        self.offsets = offsets
        self.path, self.params, self.query, self.form = path, params, query, form
        self.host, self.scheme, self.cookies = host, scheme, cookies
        self.now_us = desk.clock.now_us()
        self.project = desk.project.card()
        self.dates = Dates(zone_of(cookies, self.project.zone), self.now_us)

    def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """A whole page in its frame. Personal: kept by nobody on the way (SEC-10)."""
        html = self.screens.page(template, self, values)
        return HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})

    def go(self, path: str, **query: str) -> Response:
        """After a write: see other, so that a reload repeats nothing."""
        tail = f"?{urlencode(query)}" if query else ""
        return RedirectResponse(path + tail, status_code=303)

    def whole(self, name: str, default: int = 0) -> int:
        """A number of the query; what is none counts as absent."""
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else default

    def before(self) -> int:
        """Where a page continues one with newer rows, 0 for the first; no other link leads to a
        page (trust SEC-12).
        """
        offset = self.whole("before", -1 if self.query.get("before") else 0)
        if offset < 0:
            self.missing("Page")
        return offset

    def missing(self, what: str) -> NoReturn:
        raise NotFound(what)


def zone_of(cookies: Mapping[str, str], project_zone: str) -> str:
    """The zone this browser chose, else the project's; a cookie that names none is ignored."""
    zone = cookies.get("zone", "project")
    return zone if zone in available_timezones() else project_zone


class NotFound(Exception):  # noqa: N818 - an answer, not a mistake of ours
    """The page does not exist; `what` names it in words."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
