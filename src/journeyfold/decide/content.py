"""What an item shows: Liquid text, HTML and locale maps, compiled once and rendered per person.

A template sees plain values of this person, this offer and this call, nothing else (SEC-15). On
`web` and `email` values are escaped, HTML passes an allow-list (decisions W2) and a link is http,
https or mailto, or it is empty. A missing value is the empty string.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec
import nh3

from journeyfold.core.event import Json
from journeyfold.decide import template as liquid
from journeyfold.decide.definition import Variant, is_locale_map
from journeyfold.decide.rendering import Rendering
from journeyfold.decide.template import TemplateError

URL_SCHEMES = frozenset({"http", "https", "mailto"})
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_BLANK = re.compile(r"[\x00-\x20]")
_LINKS = frozenset({"url", "href", "src", "link", "image"})

_LAYOUT = {
    "article", "button", "div", "figcaption", "figure", "footer", "header", "main", "nav",
    "picture", "section", "source", "span", "video", "audio", "label",
}  # fmt: skip
_ATTRIBUTES = {tag: set(names) for tag, names in nh3.ALLOWED_ATTRIBUTES.items()}
_INLINE = nh3.Cleaner(url_schemes=set(URL_SCHEMES), link_rel=None)
_PROJECT = nh3.Cleaner(
    tags=set(nh3.ALLOWED_TAGS) | _LAYOUT,
    attributes=_ATTRIBUTES
    | {
        "*": {"class", "id", "style", "role", "title", "lang", "dir", "hidden"},
        "a": _ATTRIBUTES.get("a", set()) | {"target", "rel"},
        "source": {"srcset", "media", "type", "src"},
        "video": {"src", "poster", "controls", "width", "height"},
        "audio": {"src", "controls"},
        "button": {"type"},
    },
    generic_attribute_prefixes={"data-", "aria-"},
    url_schemes=set(URL_SCHEMES),
    link_rel=None,
)
"""Text in an offer gets the narrow list; a file under templates/ may also lay out and style."""


class Text(msgspec.Struct, frozen=True):
    """A Liquid text. `cleaner` is there for HTML; `is_link` for values that become a URL."""

    rendering: Rendering
    cleaner: nh3.Cleaner | None = None
    is_link: bool = False
    is_subject: bool = False


class Localised(msgspec.Struct, frozen=True):
    by_locale: dict[str, Part]


class Constant(msgspec.Struct, frozen=True):
    value: Json


class Nested(msgspec.Struct, frozen=True):
    parts: dict[str, Part]


class Listed(msgspec.Struct, frozen=True):
    parts: tuple[Part, ...]


Part: TypeAlias = Text | Localised | Constant | Nested | Listed


def compile_content(variant: Variant, templates: Mapping[str, str], *, escape: bool) -> Nested:
    """Raises TemplateError naming the content key; `templates` are the project's files by name."""
    parts: dict[str, Part] = {}
    for key, value in variant.content.items():
        try:
            if key == "template":
                parts["html" if escape else "text"] = _file(value, templates, escape=escape)
            else:
                parts[key] = _part(key, value, escape=escape)
        except TemplateError as error:
            raise TemplateError(f"variants.{variant.id}.content.{key}: {error}") from error
    return Nested(parts)


def render(
    part: Part, values: Mapping[str, object], locales: Sequence[str], now_us: int
) -> dict[str, Json]:
    """Content of one item; raises TemplateError."""
    result = _render(part, values, locales, now_us)
    assert isinstance(result, dict), "content is compiled from a map"
    return result


def safe_link(url: str) -> str:
    """The URL if it is relative, http, https or mailto; else nothing (attack T09)."""
    scheme = _SCHEME.match(_BLANK.sub("", url))
    return url if scheme is None or scheme[1].lower() in URL_SCHEMES else ""


def _file(name: Json, templates: Mapping[str, str], *, escape: bool) -> Part:
    source = templates.get(name) if isinstance(name, str) else None
    if source is None:
        raise TemplateError(f"TemplateNotFound: templates/{name} does not exist")
    rendering = Rendering(liquid.parse(source, escape=escape))
    return Text(rendering, cleaner=_PROJECT if escape else None)


def _part(key: str, value: Json, *, escape: bool) -> Part:
    if isinstance(value, str):
        cleaner = _INLINE if escape and key == "html" else None
        if "{{" in value or "{%" in value:
            rendering = Rendering(liquid.parse(value, escape=escape))
            return Text(rendering, cleaner, _is_link(key), key == "subject")
        return Constant(cleaner.clean(value) if cleaner else _plain(key, value))
    if isinstance(value, dict):
        parts = {name: _part(name, each, escape=escape) for name, each in value.items()}
        if is_locale_map(value):
            return Localised({at: _part(key, each, escape=escape) for at, each in value.items()})
        return Nested(parts)
    if isinstance(value, list):
        return Listed(tuple(_part(key, each, escape=escape) for each in value))
    return Constant(value)


def _render(part: Part, values: Mapping[str, object], locales: Sequence[str], now_us: int) -> Json:
    match part:
        case Constant(value=value):
            return value
        case Text():
            return _text(part, values, now_us)
        case Localised(by_locale=by_locale):
            return _render(_chosen(by_locale, locales), values, locales, now_us)
        case Nested(parts=parts):
            return {key: _render(each, values, locales, now_us) for key, each in parts.items()}
        case Listed(parts=items):
            return [_render(each, values, locales, now_us) for each in items]


def _text(part: Text, values: Mapping[str, object], now_us: int) -> str:
    text = part.rendering(values, now_us)
    if part.cleaner is not None:
        return part.cleaner.clean(text)
    if part.is_link:
        return safe_link(text)
    return _one_line(text) if part.is_subject else text


def _chosen(by_locale: Mapping[str, Part], locales: Sequence[str]) -> Part:
    """`de-AT`, then `de`, then the next wish; the first in order when none is there."""
    for locale in locales:
        for tag in (locale, locale[:2]):
            if tag in by_locale:
                return by_locale[tag]
    return by_locale[min(by_locale)]


def _plain(key: str, value: str) -> str:
    if _is_link(key):
        return safe_link(value)
    return _one_line(value) if key == "subject" else value


def _is_link(key: str) -> bool:
    return key in _LINKS or key.endswith(("_url", "_link"))


def _one_line(text: str) -> str:
    """A subject has no CR or LF, so no header can follow it."""
    return " ".join(text.splitlines())
