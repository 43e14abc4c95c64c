"""A message for one person: its template rendered, in their language (journeys A10). Pure.

HTML is escaped, text is not, and a header is one line whatever a value holds. Without a text body
the text is what the HTML says.
"""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser

import msgspec

from journeyfold.activate.template import BODY, MessageTemplate
from journeyfold.decide import template as liquid
from journeyfold.decide.template import TemplateError

_LINES = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "table", "ul", "ol"})
_UNSEEN = frozenset({"style", "script", "head", "title"})


class Composed(msgspec.Struct, frozen=True):
    subject: str
    text: str
    html: str = ""
    sender: str = ""
    reply_to: str = ""


def compose(
    template: MessageTemplate,
    bodies: Mapping[str, str],
    values: Mapping[str, object],
    *,
    locale: str,
    now_us: int,
) -> Composed:
    """`bodies` by file name, `body.html` and `body.de.txt`. Raises TemplateError with the part."""
    html = _body(bodies, "html", locale)
    text = _body(bodies, "txt", locale)
    if not html and not text:
        raise TemplateError("the message has no body.html and no body.txt")
    shown = _rendered("body.html", html, values, now_us, escape=True)
    told = _rendered("body.txt", text, values, now_us, escape=False) or text_of(shown)
    return Composed(
        subject=_header("subject", template.subject, values, now_us),
        text=told,
        html=shown,
        sender=_header("from", template.sender, values, now_us),
        reply_to=_header("reply_to", template.reply_to, values, now_us),
    )


def text_of(html: str) -> str:
    """What HTML says, a line for each block, links behind their words."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.said).splitlines())
    return "\n".join(line for line in lines if line)


def _body(bodies: Mapping[str, str], ending: str, locale: str) -> str:
    """The body of the locale, of its language, or the one without."""
    held = {
        match[1] or "": text
        for name, text in bodies.items()
        if (match := BODY.fullmatch(name)) and match[2] == ending
    }
    return held.get(locale) or held.get(locale.partition("-")[0]) or held.get("") or ""


def _rendered(
    part: str, source: str, values: Mapping[str, object], now_us: int, *, escape: bool
) -> str:
    if not source:
        return ""
    try:
        return liquid.render(liquid.parse(source, escape=escape), values, now_us)
    except TemplateError as error:
        raise TemplateError(f"{part}: {error}") from error


def _header(part: str, source: str, values: Mapping[str, object], now_us: int) -> str:
    """CR and LF would begin another header."""
    return " ".join(_rendered(part, source, values, now_us, escape=False).split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._unseen = 0
        self._link = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _LINES:
            self.said.append("\n")
        if tag == "a":
            self._link = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        if tag in _LINES:
            self.said.append("\n")
        if tag == "a" and self._link:
            self.said.append(f" ({self._link})")
            self._link = ""

    def handle_data(self, data: str) -> None:
        if self._unseen <= 0:
            self.said.append(data)
