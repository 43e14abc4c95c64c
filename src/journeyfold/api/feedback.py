"""What a recipient does with a message: `/t/o` opens, `/t/c` follows, `/u` unsubscribes (A12, A13).

Nobody is asked who they are: the token says which message it was. A link leads where the table of
the sent message says, never where the request does. Only POST unsubscribes, at once and without a
cookie or another page; GET shows a page that works without scripts, and HEAD nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from email import message_from_bytes, policy
from typing import Any
from urllib.parse import parse_qsl

from journeyfold.activate.reported import Reported
from journeyfold.activate.tracking import GIF
from journeyfold.api.post import Page, PostRoom, Preference, Render
from journeyfold.collect.body import Gone, Receive, read_body
from journeyfold.collect.enrich import agent_of
from journeyfold.collect.http import Send
from journeyfold.collect.json_entry import Refused
from journeyfold.collect.request import Request, request_of
from journeyfold.core.errors import Busy, EngineError
from journeyfold.project.hearing import everything, heard, narrowed, preferences, stated
from journeyfold.project.sent import Sent

FORM_MAX, FIELDS_MAX = 64 * 1024, 200
SCANNED_US = 2_000_000  # so soon after it was sent nobody reads it
SENT_S, LOOK_S = 2.0, 0.05  # a message may be opened before the record of its sending is written
LANGUAGES = ("en", "de")
_ONE_CLICK = ("List-Unsubscribe", "One-Click")
_PROXIES = re.compile(
    r"GoogleImageProxy|YahooMailProxy|Barracuda|Mimecast|Proofpoint|MessageLabs|SafeLinks"
    r"|ms-office|BingPreview|\AMozilla/5\.0\Z",
    re.IGNORECASE,
)
"""Programs that fetch what is in mail before, or instead of, somebody who reads it."""
_METHODS = {"o": ("GET", "HEAD"), "c": ("GET", "HEAD"), "u": ("GET", "HEAD", "POST")}
_CLOSED = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'"
_QUIET = [
    (b"cache-control", b"no-store"), (b"referrer-policy", b"no-referrer"),
    (b"x-robots-tag", b"noindex, nofollow"), (b"x-content-type-options", b"nosniff"),
]  # fmt: skip


class Feedback:
    """The ASGI application of these paths."""

    def __init__(self, post: PostRoom, render: Render, patience_s: float = SENT_S) -> None:
        self._post, self._render, self._patience_s = post, render, patience_s

    @staticmethod
    def owns(path: str) -> bool:
        return path.startswith(("/t/", "/u/"))

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        request = request_of(scope)
        use, token = _route(request.path)
        if request.method not in _METHODS.get(use, ("GET", "HEAD")):
            allowed = ", ".join(_METHODS.get(use, ("GET",))).encode()
            await _send(send, request, 405, b"", [(b"allow", allowed)])
            return
        try:
            if use == "u":
                await self._preferences(request, token, receive, send)
            else:
                await self._followed(request, use, token, send)
        except Gone:
            return
        except (Busy, EngineError):  # nothing was taken: a mail provider comes again
            await _send(send, request, 503, b"", [(b"retry-after", b"5")])

    # -- openings and clicks ------------------------------------------------------------------

    async def _followed(self, request: Request, use: str, token: str, send: Send) -> None:
        found = self._post.key.read("o" if use == "o" else "c", token) if use else None
        sent = await self._sent(found.effect) if found is not None else None
        is_link = use == "c" and sent is not None and found is not None
        if found is None or sent is None or (is_link and found.link >= len(sent.links)):
            await self._nowhere(request, send)
            return
        link = sent.links[found.link] if is_link else ""
        now_us = self._post.now_us()
        reported = Reported(
            found.effect, "clicked" if link else "opened", link=link,
            is_machine=_is_machine(request, sent, now_us),
        )  # fmt: skip
        with suppress(Busy, EngineError):  # whoever reads gets where they want to all the same
            await self._post.append(heard(reported, sent, self._post.project, now_us))
        if link:
            await _send(send, request, 302, b"", [(b"location", _location(link))])
        else:
            await _send(send, request, 200, GIF, [(b"content-type", b"image/gif")])

    async def _sent(self, effect: str) -> Sent | None:
        """A token that is ours is worth a moment's patience."""
        for _ in range(round(self._patience_s / LOOK_S)):
            found = await asyncio.to_thread(self._post.find, effect)
            if found is not None:
                return found
            await asyncio.sleep(LOOK_S)
        return None

    # -- unsubscribing and preferences --------------------------------------------------------

    async def _preferences(
        self, request: Request, token: str, receive: Receive, send: Send
    ) -> None:
        found = self._post.key.read("u", token)
        sent = await self._sent(found.effect) if found is not None else None
        if found is None or sent is None:
            await self._nowhere(request, send)
            return
        if request.method != "POST":
            await self._page(request, sent, "", send)
            return
        body = await read_body(receive, request.headers, FORM_MAX, any_type=True)
        if isinstance(body, Refused):
            await _send(send, request, 413, b"", [])
            return
        fields = _fields(request, body)
        if _ONE_CLICK in fields:
            await self._withdraw(found.effect, sent, [], "one_click")
            await _send(send, request, 200, b"unsubscribed\n", [_TEXT])
            return
        said = await self._obeyed(found.effect, sent, fields)
        if not said:
            await _send(send, request, 400, b"nothing was asked for\n", [_TEXT])
            return
        await self._page(request, sent, said, send)

    async def _obeyed(self, effect: str, sent: Sent, fields: list[tuple[str, str]]) -> str:
        """What a form asked for, done; empty where it asked for nothing."""
        project = self._post.project
        match dict(fields).get("action"):
            case "unsubscribe":
                await self._withdraw(effect, sent, [], "page")
                return "unsubscribed"
            case "all":
                await self._withdraw(effect, sent, everything(project, sent), "page")
                return "unsubscribed"
            case "save":
                wanted = {value for name, value in fields if name == "purpose"}
                shown = preferences(project, sent)
                held = await asyncio.to_thread(self._post.granted, sent, shown)
                changed = {each: each in wanted for each in shown if held[each] != (each in wanted)}
                if changed:
                    now_us = self._post.now_us()
                    record = stated(changed, effect, sent, now_us, "preferences")
                    await self._post.append([record], folded=True)
                return "saved"
            case _:
                return ""

    async def _withdraw(self, effect: str, sent: Sent, more: list[str], how: str) -> None:
        """In force when it returns; where nothing is granted any more, nothing is written twice."""
        project, now_us = self._post.project, self._post.now_us()
        purposes = dict.fromkeys([narrowed(project, sent.purpose, sent.channel), *more])
        held = await asyncio.to_thread(
            self._post.granted, sent, [each for each in purposes if each]
        )
        event = heard(Reported(effect, "unsubscribed"), sent, project, now_us, how=how)[0]
        records = [event]
        granted = {purpose: False for purpose, is_granted in held.items() if is_granted}
        if granted:
            records.append(stated(granted, effect, sent, now_us, "unsubscribed"))
        await self._post.append(records, folded=True)

    async def _page(self, request: Request, sent: Sent, said: str, send: Send) -> None:
        project = self._post.project
        shown = preferences(project, sent)
        held = await asyncio.to_thread(self._post.granted, sent, shown)
        purpose = narrowed(project, sent.purpose, sent.channel)
        page = Page(
            project.name, request.path, tuple(Preference(each, held[each]) for each in shown),
            purpose, said, _language(request), is_unsubscribed=held.get(purpose) is False,
        )  # fmt: skip
        await _send(send, request, 200, self._render(page).encode(), _HTML)

    async def _nowhere(self, request: Request, send: Send) -> None:
        is_page = request.path.startswith(("/u/", "/t/c/"))
        body = self._render(None).encode() if is_page else b""
        await _send(send, request, 404, body, _HTML if is_page else [])


_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_HTML = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", _CLOSED.encode()),
]


def _route(path: str) -> tuple[str, str]:
    """(o, c or u, token); empty for a path that is none of these."""
    match path.split("/"):
        case ["", "t", "o", name] if name.endswith(".gif"):
            return "o", name.removesuffix(".gif")
        case ["", "t", "c", token]:
            return "c", token
        case ["", "u", token]:
            return "u", token
        case _:
            return "", ""


def _is_machine(request: Request, sent: Sent, now_us: int) -> bool:
    agent = request.text(b"user-agent")
    is_scanned = now_us - sent.sent_us < SCANNED_US
    if request.method == "HEAD" or is_scanned or _PROXIES.search(agent):
        return True
    return not agent or agent_of(agent[:1024]).get("bot") is True


def _location(link: str) -> bytes:
    """As it was written, what ASCII has no sign for percent-encoded; a header is one line."""
    return "".join(
        each if "!" <= each <= "~" else "".join(f"%{byte:02X}" for byte in each.encode())
        for each in link
    ).encode("ascii")


def _language(request: Request) -> str:
    """The first one asked for that we have."""
    for part in request.text(b"accept-language").split(","):
        language = part.partition(";")[0].strip().partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


def _fields(request: Request, body: bytes) -> list[tuple[str, str]]:
    """Of a form, in either way of writing one (RFC 8058 allows both)."""
    media = request.text(b"content-type")
    if media.lower().startswith("multipart/form-data"):
        head = f"Content-Type: {media}\r\n\r\n".encode("latin-1")
        parts = message_from_bytes(head + body, policy=policy.HTTP).iter_parts()
        return [_field(part.get("content-disposition"), part) for part in parts][:FIELDS_MAX]
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        return []


def _field(disposition: Any, part: Any) -> tuple[str, str]:
    params: Mapping[str, str] = getattr(disposition, "params", {})
    raw = part.get_payload(decode=True)
    value = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
    return params.get("name", ""), value.strip()


async def _send(
    send: Send, request: Request, status: int, body: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    length = (b"content-length", str(len(body)).encode())
    start = {
        "type": "http.response.start", "status": status, "headers": [*_QUIET, length, *headers],
    }  # fmt: skip
    await send(start)
    shown = b"" if request.method == "HEAD" else body
    await send({"type": "http.response.body", "body": shown})
