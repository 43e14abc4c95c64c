"""A message for one person: its template rendered, in their language (journeys A10). Pure.

A template is parsed and its styles worked in once (`Written`); a person costs three passes of
Liquid. HTML is escaped, text is not, and a header is one line whatever a value holds. A variable
that is not there is an error with its name and line, unless `| default` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import msgspec
from liquid import BoundTemplate
from liquid.undefined import FalsyStrictUndefined

from journeyfold.activate.header_line import one_line
from journeyfold.activate.markup import prepared
from journeyfold.activate.shield import Restored
from journeyfold.activate.template import BODY, MessageTemplate
from journeyfold.activate.text import text_of, tidied
from journeyfold.decide import template as liquid
from journeyfold.decide.template import LimitedEnvironment, TemplateError


class Composed(msgspec.Struct, frozen=True):
    """`html` carries the marks of `markup`."""

    subject: str
    text: str
    html: str = ""
    sender: str = ""
    reply_to: str = ""


class Part(msgspec.Struct, frozen=True):
    """A piece of a template, parsed; `file` and `source` are for its errors."""

    file: str
    template: BoundTemplate
    source: Restored | None = None
    constant: str | None = None  # what it says to everybody

    def rendered(self, values: Mapping[str, object], now_us: int) -> str:
        if self.constant is not None:
            return self.constant
        try:
            return liquid.render(self.template, values, now_us)
        except TemplateError as error:
            line = self.source.line_at(error.at) if self.source is not None else 0
            if line:
                raise TemplateError(f"{self.file}: line {line}: {error.what}") from error
            raise TemplateError(f"{self.file}: {error}") from error


class Body(msgspec.Struct, frozen=True):
    html: Part | None
    text: Part


class Written:
    """A template, ready for anybody. Raises TemplateError or MarkupError for one that is not.

    `bodies` by file name, `body.mjml` and `body.de.txt`.
    """

    def __init__(self, template: MessageTemplate, bodies: Mapping[str, str]) -> None:
        self._headers = {
            name: _part(f"template.yaml: {name}", source, escape=False)
            for name, source in (
                ("subject", template.subject), ("from", template.sender),
                ("reply_to", template.reply_to),
            )
            if source
        }  # fmt: skip
        if template.preheader:
            _part("template.yaml: preheader", template.preheader, escape=True)
        held: dict[str, dict[str, str]] = {}
        for name, source in bodies.items():
            if (match := BODY.fullmatch(name)) is not None and source:
                held.setdefault(match[1] or "", {})[match[2]] = source
        if not held:
            raise TemplateError("the message has no body.mjml, no body.html and no body.txt")
        self._bodies = {
            locale: _body(locale, sources, template.preheader) for locale, sources in held.items()
        }
        read = [template.subject, template.preheader, *bodies.values()]
        self.reads_features = any("features" in source for source in read)

    def composed(self, values: Mapping[str, object], locale: str, now_us: int) -> Composed:
        """For one person. Raises TemplateError with the part and the line."""
        body = self._body(locale)
        html = body.html.rendered(values, now_us) if body.html is not None else ""
        return Composed(
            subject=self._header("subject", values, now_us),
            text=tidied(body.text.rendered(values, now_us)),
            html=html,
            sender=self._header("from", values, now_us),
            reply_to=self._header("reply_to", values, now_us),
        )

    def _body(self, locale: str) -> Body:
        """That of the locale, of its language, the one without, or the first there is."""
        bodies = self._bodies
        found = bodies.get(locale) or bodies.get(locale.partition("-")[0]) or bodies.get("")
        return found or bodies[min(bodies)]

    def _header(self, name: str, values: Mapping[str, object], now_us: int) -> str:
        part = self._headers.get(name)
        return one_line(part.rendered(values, now_us)) if part is not None else ""


def compose(
    template: MessageTemplate,
    bodies: Mapping[str, str],
    values: Mapping[str, object],
    *,
    locale: str,
    now_us: int,
) -> Composed:
    """Once, for one who asks for no more; raises what `Written` raises."""
    return Written(template, bodies).composed(values, locale, now_us)


def _body(locale: str, sources: Mapping[str, str], preheader: str) -> Body:
    """HTML of MJML where there is some; the text of HTML where there is none."""
    infix = f".{locale}" if locale else ""
    is_mjml = "mjml" in sources
    name = f"body{infix}.{'mjml' if is_mjml else 'html'}"
    source = sources.get("mjml") or sources.get("html") or ""
    html = None
    if source:
        _part(name, source, escape=True)  # what is wrong with it has its line in the source
        ready = prepared(source, is_mjml=is_mjml, preheader=preheader)
        html = _part(name, ready.text, escape=True, source_of=ready)
    written = sources.get("txt")
    if written is not None or html is None:
        return Body(html, _part(f"body{infix}.txt", written or "", escape=False))
    plain = text_of(prepared(source, is_mjml=is_mjml).text)
    return Body(html, _part(name, plain, escape=False))


def _part(file: str, source: str, *, escape: bool, source_of: Restored | None = None) -> Part:
    try:
        parsed = liquid.parsed_in(strict(escape), source)
    except TemplateError as error:
        raise TemplateError(f"{file}: {error}", at=error.at, what=error.what) from error
    return Part(file, parsed, source_of, None if "{" in source else source)


class Missing(FalsyStrictUndefined):
    """Not there: `if` and `| default` may ask, whatever else wants its value fails."""

    force_liquid_default = True

    def __eq__(self, other: object) -> bool:
        return other is None or other is False or isinstance(other, Missing)

    __hash__ = None  # type: ignore[assignment]  # as of any value that compares


@cache
def strict(escape: bool) -> LimitedEnvironment:  # noqa: FBT001 - a cache key
    environment = LimitedEnvironment(escape=escape)
    environment.undefined = Missing
    return environment
