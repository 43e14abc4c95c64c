"""Can what a source pulls over the network be carried out, and does it keep its secrets out?

A pull has no lines that stay where they are, so ids come from the rows; and it goes on from a cursor
only where its rows come one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from journeyfold.activate.reach import Reach
from journeyfold.core.errors import Problem
from journeyfold.project.document import Path
from journeyfold.project.model import Project
from journeyfold.sources.inventory import Source
from journeyfold.sources.presets import with_preset
from journeyfold.sources.pull import Http, Sql

_PASSWORD = re.compile(r"[a-z0-9+]+://(?:\$\{[^}]*\}|[^/@:$])*:([^/@]+)@")
_CREDENTIAL = re.compile(r"auth|token|secret|key|password|cookie", re.IGNORECASE)
_KEEP_OUT = "write ${env:NAME} or ${file:PATH} and keep the value out of the project"


def pull_problems(project: Project) -> Iterator[Problem]:
    for name, source in project.sources.items():
        pull = source.read.pull if source.read is not None else None
        if pull is None:
            continue
        for path, code, message, suggestion in _found(project, source, pull):
            yield project.problem("source", name, path, code, message, suggestion)


_Found = Iterator[tuple[Path, str, str, str]]


def _found(project: Project, source: Source, pull: Sql | Http) -> _Found:
    mapped = with_preset(source).fields
    if not (mapped and mapped.id) and not (isinstance(pull, Sql) and pull.mode == "snapshot"):
        yield (
            ("read",), "P112", "`fields` needs `id`: rows that are pulled have no line numbers",
            "name the columns that tell one version of a row from another, as `id: [id, updated_at]`",
        )  # fmt: skip
    match pull:
        case Sql():
            yield from _of_sql(source, pull)
        case Http():
            yield from _of_http(source, pull, Reach(project.settings.server.outgoing.allow))


def _of_sql(source: Source, pull: Sql) -> _Found:
    at: Path = ("read", "sql")
    password = _PASSWORD.match(pull.url)
    if password and "${" not in password[1]:
        yield (*at, "url"), "P122", "a secret is written out", _KEEP_OUT
    is_marked = pull.mode in {"incremental", "snapshot"} or (source.cursor and pull.mode is None)
    if pull.mode == "incremental" and source.cursor is None:
        yield (
            (*at, "mode"), "P112", "`mode: incremental` needs `cursor`",
            "write `cursor: {column: updated_at, key: id}` beside `read`",
        )  # fmt: skip
    if source.cursor is not None and pull.mode in {"full", "snapshot"}:
        yield ("cursor",), "P114", f"`mode: {pull.mode}` reads everything", "leave out `cursor`"
    if source.group and is_marked:
        yield (
            ("group",), "P114", "rows are grouped only where all of them are read each time",
            "write `mode: full`, or group in the query",
        )  # fmt: skip


def _of_http(source: Source, pull: Http, reach: Reach) -> _Found:
    at: Path = ("read", "http")
    urls: list[tuple[Path, str]] = [((*at, "url"), pull.url)]
    if pull.auth is not None and pull.auth.oauth2 is not None:
        urls.append(((*at, "auth", "oauth2", "token_url"), pull.auth.oauth2.token_url))
    for path, url in urls:
        problem = "" if "${" in url else reach.problem(url.replace("{since}", "0"))
        if problem:
            yield path, "P137", problem, ""
    for header, value in pull.headers.items():
        if _CREDENTIAL.search(header) and "${" not in value:
            yield (*at, "headers", header), "P122", "a secret is written out", _KEEP_OUT
    for param, given in pull.params.items():
        if _CREDENTIAL.search(param) and "${" not in str(given):
            yield (*at, "params", param), "P122", "a secret is written out", _KEEP_OUT
    if (pull.since is None) != (source.cursor is None):
        yield (
            at, "P112", "`cursor` and `since` go together",
            "`cursor` names the columns that say how new an item is; `since` sends it as {since}",
        )  # fmt: skip
    if source.group:
        yield ("group",), "P114", "pages are not grouped", "map each item, or import a file"
