"""The console as one ASGI app: the door, the screens, their files and the live tail.

Mounted at `/` behind the collector and the API. Every answer carries the policy of SEC-10; every
write was checked for cookie, Origin and token before a page sees it (SEC-9); a page runs in a
thread, as the desk is synchronous.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from journeyfold.api.desk import Desk
from journeyfold.api.errors import ApiError
from journeyfold.api.read import Offsets
from journeyfold.api.session import (
    NotSignedIn,
    Sessions,
    User,
    cookie_name,
    is_own_write,
    is_same_origin,
    local_path,
)
from journeyfold.console.arrivals import Arrival, Filter
from journeyfold.console.ask import Ask, NotFound, zone_of
from journeyfold.console.assets import Assets
from journeyfold.console.pages import settings
from journeyfold.console.policy import Policy
from journeyfold.console.render import Screens
from journeyfold.console.roles import ALLOWED, may
from journeyfold.console.routes import SCREENS, Screen
from journeyfold.console.stream import STREAMS_MAX, Streams, Tail
from journeyfold.console.wording import Dates
from journeyfold.core.errors import Busy, EngineError, UsageError

FORM_MAX = 256 * 1024  # a journey of 500 steps and the events to play it with
FIELDS_MAX = 500
NAME_MAX, PASSWORD_MAX = 320, 2_048
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FORM = "application/x-www-form-urlencoded"


class Console:
    """What the routes share. `app()` is the ASGI application."""

    def __init__(self, desk: Desk, sessions: Sessions, *, hint: str = "") -> None:
        self.desk, self.sessions = desk, sessions
        self.assets = Assets()
        self.screens = Screens(self.assets)
        self.streams = Streams()
        self.offsets = Offsets(desk.log)
        self.hint = hint  # where the first password was printed: said on the sign-in page

    def app(self) -> Starlette:
        routes = [Route("/static/{name}", self._static, methods=["GET"])]
        routes.append(Route("/sign-in", self._door, methods=["GET"]))
        routes.append(Route("/sign-in", self._sign_in, methods=["POST"]))
        routes.append(Route("/sign-out", self._sign_out, methods=["POST"]))
        routes.append(Route("/settings/password", self._change_password, methods=["POST"]))
        routes.append(Route("/live/stream", self._stream, methods=["GET"]))
        routes += [
            Route(screen.path, partial(self._screen, screen), methods=[screen.method])
            for screen in SCREENS
        ]
        answers: dict[int | type[Exception], Callable[..., Awaitable[Response]]] = {
            404: self._nowhere,
            405: self._nowhere,
        }
        app = Starlette(routes=routes, exception_handlers=answers)
        app.add_middleware(Policy)
        return app

    # -- screens ------------------------------------------------------------------------------

    async def _screen(self, screen: Screen, request: Request) -> Response:
        user = await self._user(request)
        if user is None:
            return _to_the_door(request)
        form = await _form(request) if request.method == "POST" else {}
        if request.method == "POST" and not _is_own(request, user, form):
            return await self._ask(request, user, form, partial(_said, "foreign.html", 403))
        if not may(user.role, screen.act):
            refused = partial(
                _said, "refused.html", 403, what=screen.title, roles=sorted(ALLOWED[screen.act])
            )
            return await self._ask(request, user, form, refused)
        return await self._ask(request, user, form, screen.show)

    async def _ask(
        self,
        request: Request,
        user: User,
        form: Mapping[str, str],
        show: Callable[[Ask], Response],
    ) -> Response:
        return await run_in_threadpool(self._answer, request, user, form, show)

    def _answer(
        self,
        request: Request,
        user: User,
        form: Mapping[str, str],
        show: Callable[[Ask], Response],
    ) -> Response:
        ask = Ask(
            desk=self.desk,
            screens=self.screens,
            offsets=self.offsets,
            user=user,
            path=request.url.path,
            params=request.path_params,
            query=request.query_params,
            form=form,
            cookies=request.cookies,
            host=request.headers.get("host", "localhost"),
            scheme=request.url.scheme,
        )
        try:
            return show(ask)
        except NotFound as absent:
            return _said("nowhere.html", 404, ask, what=absent.what)
        except EngineError as error:  # the state is being built; the log takes records meanwhile
            return _said("waiting.html", 503, ask, what="", why=str(error))

    async def _nowhere(self, request: Request, error: HTTPException) -> Response:
        user = await self._user(request)
        if user is None:
            return _to_the_door(request) if _is_reader(request) else _refused(error)
        what = f"The page {request.url.path[:120]}"
        return await self._ask(request, user, {}, partial(_said, "nowhere.html", 404, what=what))

    async def _stream(self, request: Request) -> Response:
        user = await self._user(request)
        if user is None:
            return Response(status_code=401)
        if self.streams.open >= STREAMS_MAX:
            return Response("poll instead", status_code=503, headers={"Retry-After": "5"})
        dates = await run_in_threadpool(self._dates_of, request)

        def row(arrival: Arrival) -> str:
            return str(self.screens.part("rows.html", "arrival", arrival, dates, ""))

        last = request.headers.get("last-event-id", request.query_params.get("from", ""))
        tail: Response = Tail(  # type: ignore[assignment]  # Starlette only awaits it
            self.desk, self.streams, Filter.of(request.query_params), last, row
        )
        return tail

    def _dates_of(self, request: Request) -> Dates:
        project = self.desk.project.card()
        return Dates(zone_of(request.cookies, project.zone), self.desk.clock.now_us())

    # -- the door -----------------------------------------------------------------------------

    async def _door(self, request: Request) -> Response:
        target = local_path(request.query_params.get("next", "/"))
        if await self._user(request) is not None:
            return RedirectResponse(target, status_code=303)
        cookie = self._cookie(request)
        is_over = cookie is not None and cookie in request.cookies
        return self._gate(request, target, problem="over" if is_over else "")

    async def _sign_in(self, request: Request) -> Response:
        form = await _form(request)
        target = local_path(form.get("next", "/"))
        cookie = self._cookie(request)
        if cookie is None:
            return self._gate(request, target, problem="clear", status=403)
        if not _is_here(request):
            return self._gate(request, target, problem="foreign", status=403)
        address = request.client.host if request.client else ""
        name_typed = form.get("name", "").strip()[:NAME_MAX]
        try:
            answer = await run_in_threadpool(
                self.sessions.sign_in, name_typed, form.get("password", "")[:PASSWORD_MAX], address
            )
        except Busy as busy:
            headers = {"Retry-After": str(busy.retry_after_s)}
            return self._gate(request, target, problem="busy", status=503, headers=headers)
        if isinstance(answer, NotSignedIn):
            return self._gate(
                request,
                target,
                problem="wait" if answer.wait_s else "wrong",
                wait_s=answer.wait_s,
                name=name_typed,
                status=429 if answer.wait_s else 401,
                headers={"Retry-After": str(answer.wait_s)} if answer.wait_s else None,
            )
        await run_in_threadpool(self.desk.keys.audit, name_typed, "console.sign_in", address)
        reply = RedirectResponse(target, status_code=303)
        _keep(reply, cookie, answer, request)
        return reply

    async def _sign_out(self, request: Request) -> Response:
        user = await self._user(request)
        form = await _form(request)
        if user is not None and _is_own(request, user, form):
            await run_in_threadpool(self.sessions.sign_out, user.token)
        reply = RedirectResponse("/sign-in", status_code=303)
        name = self._cookie(request)
        if name is not None:
            reply.delete_cookie(name, path="/", secure=request.url.scheme == "https")
        return reply

    async def _change_password(self, request: Request) -> Response:
        """The old one is asked for again, and slowed down like a sign-in; a new session follows."""
        user = await self._user(request)
        cookie = self._cookie(request)
        if user is None or cookie is None:
            return _to_the_door(request)
        form = await _form(request)
        if not _is_own(request, user, form):
            return await self._ask(request, user, form, partial(_said, "foreign.html", 403))
        old, new = form.get("old", "")[:PASSWORD_MAX], form.get("new", "")[:PASSWORD_MAX]
        address = request.client.host if request.client else ""
        try:
            answer = await run_in_threadpool(self.sessions.change_password, user, old, new, address)
        except UsageError:
            refused = partial(settings.show, wrong="new", status=422)
            return await self._ask(request, user, form, refused)
        except Busy:
            refused = partial(settings.show, wrong="busy", status=503)
            return await self._ask(request, user, form, refused)
        if isinstance(answer, NotSignedIn):
            wrong = partial(settings.show, wrong="old", wait_s=answer.wait_s, status=401)
            return await self._ask(request, user, form, wrong)
        reply = RedirectResponse("/settings?password=changed", status_code=303)
        _keep(reply, cookie, answer, request)
        return reply

    def _gate(
        self,
        request: Request,
        target: str,
        *,
        problem: str = "",
        wait_s: int = 0,
        name: str = "",
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> Response:
        html = self.screens.bare(
            "sign_in.html",
            request.cookies.get("theme", ""),
            project=self.desk.project.card().name,
            target=target,
            problem=problem if problem or self._cookie(request) else "clear",
            wait_s=wait_s,
            name=name,
            hint=self.hint,
        )
        return HTMLResponse(html, status, headers={"Cache-Control": "no-store", **(headers or {})})

    def _cookie(self, request: Request) -> str | None:
        return cookie_name(request.url.scheme, request.headers.get("host", ""))

    async def _user(self, request: Request) -> User | None:
        name = self._cookie(request)
        token = request.cookies.get(name) if name else None
        return await run_in_threadpool(self.sessions.user, token) if token else None

    async def _static(self, request: Request) -> Response:
        asset = self.assets.by_name.get(request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        return Response(asset.body, media_type=asset.media_type, headers=_FOREVER)


def _is_reader(request: Request) -> bool:
    """A browser that asks for a page. A program is told the truth: led to the door by a redirect,
    a client with a wrong path would take the sign-in page for the receipt of its events.
    """
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def _refused(error: HTTPException) -> Response:
    allow = (error.headers or {}).get("Allow", "")
    if error.status_code == 405:
        said = ApiError("method_not_allowed", "not with this method", allow=allow)
    else:
        said = ApiError("not_found", "there is nothing at this path")
    headers = {name.decode(): value.decode() for name, value in said.headers()}
    return Response(said.body(), said.status, headers, "application/json")


def _said(template: str, status: int, ask: Ask, **values: object) -> Response:
    return ask.page(
        template,
        status=status,
        title="Not ready" if status == 503 else "Not here",
        place="",
        **values,
    )


def _keep(reply: Response, cookie: str, token: str, request: Request) -> None:
    reply.set_cookie(
        cookie, token, path="/", httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip


def _to_the_door(request: Request) -> Response:
    """After sign-in the reader stands where they wanted to be; a write is not repeated."""
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    target = request.url.path if request.method == "GET" else "/"
    if request.method == "GET" and request.url.query:
        target += f"?{request.url.query}"
    query = f"?{urlencode({'next': target})}" if target != "/" else ""
    return RedirectResponse(f"/sign-in{query}", status_code=303)


def _is_own(request: Request, user: User, form: Mapping[str, str]) -> bool:
    carried = request.headers.get("x-csrf-token", form.get("csrf", ""))
    return is_own_write(user, carried, dict(request.headers), request.headers.get("host", ""))


def _is_here(request: Request) -> bool:
    return is_same_origin(dict(request.headers), request.headers.get("host", ""))


async def _form(request: Request) -> dict[str, str]:
    """A small urlencoded form; the last of a name wins. Anything else is refused (SEC-4)."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_MAX:
            raise HTTPException(413)
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="replace"
        )
    except ValueError:
        raise HTTPException(400) from None
    return dict(fields)
