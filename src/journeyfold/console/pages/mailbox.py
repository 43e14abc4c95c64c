"""The mailbox of development: mails that would have gone out, as whoever got them would see them."""

from __future__ import annotations

from starlette.responses import Response

from journeyfold.api.post_cards import MailView
from journeyfold.console.ask import Ask
from journeyfold.console.pages.messages import in_frame, with_frame
from journeyfold.console.wording import plural

MAILS = 50
PARTS = ("html", "text", "headers", "links")


def show(ask: Ask) -> Response:
    wanted = ask.query.get("find", "")[:200]
    older = ask.query.get("older", "")[:200]
    found = ask.desk.post.mails(wanted, MAILS, older)
    return ask.page(
        "mailbox.html", title="Mailbox", place="/mailbox", found=found, wanted=wanted,
        lede=f"{plural(found.total, 'mail lies', 'mails lie')} here; nobody was written to."
        if found.total
        else "Mail comes here where no destination for e-mail is configured; nobody is written to.",
        older=older, opened=None, part="html",
    )  # fmt: skip


def read(ask: Ask) -> Response:
    opened = _mail(ask)
    part = ask.query.get("part", "html")
    wanted = ask.query.get("find", "")[:200]
    older = ask.query.get("older", "")[:200]
    found = ask.desk.post.mails(wanted, MAILS, older)
    usual = "html" if opened.html else "text"
    shown = ask.page(
        "mailbox.html", title=opened.card.subject or "Mail", place="/mailbox", found=found,
        wanted=wanted, lede=f"To {opened.card.to}", older=older, opened=opened,
        part=part if part in PARTS and (part != "html" or opened.html) else usual,
    )  # fmt: skip
    return with_frame(shown)


def framed(ask: Ask) -> Response:
    return in_frame(_mail(ask).html)


def _mail(ask: Ask) -> MailView:
    found = ask.desk.post.mail(ask.params["mail"])
    return found if found is not None else ask.missing("Mail")
