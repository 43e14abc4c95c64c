"""The page behind an unsubscribe link, for people who get mail and know nothing of the platform.

It works without scripts and says one thing: what somebody gets, and how to get less of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from journeyfold.api.post import Page
from journeyfold.console.render import Screens

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "title": "Your e-mail preferences", "of": "What {project} may send you",
        "ask": "You get this because you agreed to: {purpose}.", "stop": "Unsubscribe",
        "none": "You are unsubscribed from: {purpose}.",
        "stop_all": "Unsubscribe from everything", "choose": "Or choose what you get",
        "save": "Save", "saved": "Saved", "saved_more": "This holds from now on.",
        "stopped": "You are unsubscribed",
        "stopped_more": "You get no more of it. If it was a mistake, choose below and save.",
        "still": "Messages about an order you placed are still sent.",
        "nowhere": "This link leads nowhere",
        "nowhere_more": "It was cut off on the way, or the message is too old.",
    },
    "de": {
        "title": "Ihre E-Mail-Einstellungen", "of": "Was {project} Ihnen senden darf",
        "ask": "Sie bekommen dies, weil Sie zugestimmt haben: {purpose}.", "stop": "Abmelden",
        "none": "Sie sind abgemeldet von: {purpose}.",
        "stop_all": "Von allem abmelden", "choose": "Oder wählen Sie, was Sie bekommen",
        "save": "Speichern", "saved": "Gespeichert", "saved_more": "Das gilt ab jetzt.",
        "stopped": "Sie sind abgemeldet",
        "stopped_more": "Sie bekommen nichts mehr davon. War es ein Versehen, wählen Sie unten und "
        "speichern Sie.",
        "still": "Nachrichten zu einer Bestellung werden weiterhin gesendet.",
        "nowhere": "Dieser Link führt nirgendwohin",
        "nowhere_more": "Er wurde unterwegs abgeschnitten, oder die Nachricht ist zu alt.",
    },
}  # fmt: skip
PURPOSES: dict[str, dict[str, str]] = {
    "en": {
        "marketing": "offers and news", "marketing_email": "offers and news by e-mail",
        "marketing_sms": "offers and news by text message",
        "analytics": "seeing whether messages are opened and which links are followed",
        "personalization": "suggestions made for you",
    },
    "de": {
        "marketing": "Angebote und Neues", "marketing_email": "Angebote und Neues per E-Mail",
        "marketing_sms": "Angebote und Neues per SMS",
        "analytics": "sehen, ob Nachrichten geöffnet und welchen Links gefolgt wird",
        "personalization": "Vorschläge, die für Sie gemacht sind",
    },
}  # fmt: skip


def renderer(screens: Screens) -> Callable[[Page | None], str]:
    """`api.post.Render`."""
    return partial(_rendered, screens)


def _rendered(screens: Screens, page: Page | None) -> str:
    language = page.language if page is not None else "en"
    named = PURPOSES[language]

    def label(purpose: str) -> str:
        return named.get(purpose, purpose.replace("_", " "))

    return screens.bare(
        "preferences.html", page=page, words=WORDS[language], language=language, label=label
    )
