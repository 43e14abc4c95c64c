"""Settings: keys of senders, one's own password and browser, and the project in force."""

from __future__ import annotations

from zoneinfo import available_timezones

from starlette.responses import Response

from journeyfold.console.ask import Ask
from journeyfold.core.errors import UsageError

KEY_KINDS = {"pub": "write key, public", "srv": "server key, secret"}
THEMES = {"": "as the system", "light": "light", "dark": "dark"}
_YEAR_S = 365 * 24 * 3600


def show(ask: Ask, *, wrong: str = "", wait_s: int = 0, status: int = 200) -> Response:
    """`wrong` is the part of a new password that was refused: `old`, `new` or `busy`."""
    return _page(ask, wrong=wrong, wait_s=wait_s, status=status)


def create_key(ask: Ask) -> Response:
    """The key is in this answer and nowhere else afterwards: only its digest is kept (SEC-5)."""
    kind, source = ask.form.get("kind", ""), ask.form.get("source", "")
    known = {card.id for card in ask.desk.project.sources()}
    if kind not in KEY_KINDS or source not in known:
        return _page(ask, problem="Choose a kind and one of the sources.", status=422)
    try:
        made = ask.desk.keys.create(kind, source, ask.user.name)
    except UsageError as error:
        return _page(ask, problem=str(error), status=422)
    return _page(ask, made=made, made_for=source)


def revoke_key(ask: Ask) -> Response:
    """Far-reaching: what a sender sends with it is refused, so its id is typed (console C18)."""
    key_id = ask.params["key"]
    if ask.form.get("confirm", "").strip() != key_id:
        return _page(ask, problem=f"Type {key_id} to revoke that key.", status=422)
    if not ask.desk.keys.revoke(key_id, ask.user.name):
        ask.missing(f"Key {key_id}")
    return ask.go("/settings", revoked=key_id)


def look(ask: Ask) -> Response:
    """Scheme and time zone of this browser: two cookies, nothing on the server."""
    answer = ask.go("/settings", kept="1")
    theme, zone = ask.form.get("theme", ""), ask.form.get("zone", "project")
    for name, value in (("theme", theme if theme in THEMES else ""), ("zone", known_zone(zone))):
        answer.set_cookie(
            name,
            value,
            max_age=_YEAR_S,
            samesite="lax",
            secure=ask.scheme == "https",
            httponly=True,
        )
    return answer


def known_zone(zone: str) -> str:
    """The name of a time zone, or `project` for what is none."""
    return zone if zone in available_timezones() else "project"


def _page(
    ask: Ask,
    *,
    made: str = "",
    made_for: str = "",
    problem: str = "",
    wrong: str = "",
    wait_s: int = 0,
    status: int = 200,
) -> Response:
    zone = ask.cookies.get("zone", "project")
    return ask.page(
        "settings.html",
        status=status,
        title="Settings",
        place="/settings",
        keys=ask.desk.keys.cards(),
        key_kinds=KEY_KINDS,
        sources=[card for card in ask.desk.project.sources() if not card.is_read],
        themes=THEMES,
        chosen_theme=ask.cookies.get("theme", ""),
        chosen_zone=zone,
        health=ask.desk.health(),
        made=made,
        made_for=made_for,
        problem=problem,
        revoked=ask.query.get("revoked", "")[:40],
        kept=ask.query.get("kept") == "1",
        wrong=wrong,
        wait_s=wait_s,
        is_new_password=ask.query.get("password") == "changed",
    )
