"""Templates of messages: the list with their figures, and one as a person would get it.

What a template renders is shown in a frame that may run nothing and reach nothing (console C3);
the frame's document is its own answer with its own, stricter policy.
"""

from __future__ import annotations

from starlette.responses import HTMLResponse, Response

from journeyfold.api.mail_file import without_pixel
from journeyfold.api.post_cards import MessageCard, Preview
from journeyfold.console import effects
from journeyfold.console.ask import Ask
from journeyfold.console.code import yaml_lines
from journeyfold.console.policy import FRAMED, FRAMING
from journeyfold.console.wording import NBSP, plural
from journeyfold.core.errors import UsageError
from journeyfold.core.profile import Profile

LARGE = 102 * 1024  # bytes of HTML above which Gmail cuts a mail off
_EMPTY = "<!doctype html><title>Nothing</title>"


def index(ask: Ask) -> Response:
    cards = ask.desk.post.messages()
    sent = sum(figure.sent for card in cards for figure in card.figures)
    broken = [card.id for card in cards if card.problem]
    said = f"{plural(len(cards), 'message')}, sent {plural(sent, 'time')}." if cards else (
        "A message is a folder in templates/: its headers and its bodies.")  # fmt: skip
    if broken:
        said += f" {', '.join(broken)} cannot be written."
    return ask.page(
        "messages.html", title="Messages", place="/messages", cards=cards, lede=said,
        totals=_totals,
    )  # fmt: skip


def show(ask: Ask) -> Response:
    return _page(ask)


def find(ask: Ask) -> Response:
    """A person by an identifier, which is posted and never stands in a URL (C10)."""
    card = _card(ask)
    found = ask.desk.people.find(ask.form.get("q", "").strip()[:500])
    if not found:
        return _page(ask, unknown=True)
    return ask.go(f"/messages/{card.id}", person=found[0].person)


def test(ask: Ask) -> Response:
    """Sends it, marked as a test, to an address; the person only lends their values."""
    card, to = _card(ask), ask.form.get("to", "").strip()[:320]
    wanted = ask.form.get("person", "")
    profile = ask.desk.people.profile(wanted) if wanted else None
    locale = ask.form.get("locale", "") if ask.form.get("locale") in card.locales else ""
    try:
        told = ask.desk.post.send_test(card.id, profile, locale, to)
    except UsageError as error:
        return _page(ask, not_sent=str(error))
    ask.desk.keys.audit(ask.user.name, "message.test", card.id, to)
    if told.status != "sent":
        return _page(ask, not_sent=f"{told.destination} did not take it: {told.reason}")
    return _page(ask, tested=f"to {told.to} over {told.destination}")


def framed(ask: Ask) -> Response:
    """The HTML alone, for the frame."""
    _, preview = _previewed(ask, _card(ask))
    html = preview.mail.html if preview.mail is not None else ""
    return in_frame(html)


def in_frame(html: str) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": FRAMED}
    return HTMLResponse(without_pixel(html) or _EMPTY, headers=headers)


def with_frame(page: Response) -> Response:
    """A page that holds such a frame."""
    page.headers["Content-Security-Policy"] = FRAMING
    return page


def _page(ask: Ask, *, unknown: bool = False, not_sent: str = "", tested: str = "") -> Response:
    card = _card(ask)
    profile, preview = _previewed(ask, card)
    width, part = ask.query.get("width", "desktop"), ask.query.get("part", "html")
    mail = preview.mail
    shown = ask.page(
        "message.html",
        status=422 if not_sent else 200,
        title=card.id,
        place="/messages",
        card=card,
        preview=preview,
        profile=profile,
        unknown=unknown,
        not_sent=not_sent,
        tested=tested,
        part="text" if part == "text" or (mail is not None and not mail.html) else "html",
        width="phone" if width == "phone" else "desktop",
        locale=_locale(ask, card),
        is_large=preview.html_bytes > LARGE,
        has_unsubscribe=mail is not None and "/u/" in f"{mail.html}{mail.text}",
        sources=[(name, yaml_lines(text)) for name, text in card.files.items()],
        figures=card.figures,
        totals=_totals(card),
        effects=effects,
        bytes=_bytes,
        state={"person": profile.person if profile else "", "locale": _locale(ask, card)},
    )
    return with_frame(shown)


def _card(ask: Ask) -> MessageCard:
    wanted = ask.params["message"]
    for card in ask.desk.post.messages():
        if card.id == wanted:
            return card
    return ask.missing(f"Message {wanted}")


def _previewed(ask: Ask, card: MessageCard) -> tuple[Profile | None, Preview]:
    wanted = ask.query.get("person") or ask.form.get("person", "")
    profile = ask.desk.people.profile(wanted) if wanted else None
    if wanted and profile is None:
        ask.missing(f"Person {wanted}")
    return profile, ask.desk.post.preview(card.id, profile, _locale(ask, card))


def _locale(ask: Ask, card: MessageCard) -> str:
    """Only one that it has a body for."""
    asked = ask.query.get("locale") or ask.form.get("locale", "")
    return asked if asked in card.locales else ""


def _bytes(many: int) -> str:
    return f"{many / 1024:.0f}{NBSP}kB" if many >= 10 * 1024 else f"{many}{NBSP}B"


def _totals(card: MessageCard) -> dict[str, int]:
    """All steps and arms together."""
    names = ("sent", "reached_people", "delivered", "opened", "clicked", "bounced", "unsubscribed",
             "complained", "failed", "goals")  # fmt: skip
    return {name: sum(getattr(one, name) for one in card.figures) for name in names}
