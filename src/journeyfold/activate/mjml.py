"""MJML to HTML, once a template and not a person; Liquid passes through (journeys A10). Pure.

The compiler says little of where it stumbled, so the nesting of `mj-` tags and their names are
looked at first. Nothing is loaded: no includes, no fonts from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import mrml

from journeyfold.activate.shield import Shielded

COMPONENTS = frozenset({
    "mjml", "mj-head", "mj-body", "mj-include", "mj-attributes", "mj-all", "mj-class",
    "mj-breakpoint", "mj-font", "mj-html-attributes", "mj-selector", "mj-html-attribute",
    "mj-preview", "mj-style", "mj-title", "mj-accordion", "mj-accordion-element",
    "mj-accordion-title", "mj-accordion-text", "mj-button", "mj-carousel", "mj-carousel-image",
    "mj-column", "mj-divider", "mj-group", "mj-hero", "mj-image", "mj-navbar", "mj-navbar-link",
    "mj-raw", "mj-section", "mj-social", "mj-social-element", "mj-spacer", "mj-table", "mj-text",
    "mj-wrapper",
})  # fmt: skip
_TAG = re.compile(r"<!--.*?-->|<(/?)(mj-?[a-z-]*)\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.DOTALL)
_PLACE = re.compile(r"at position (\d+)")


class MarkupError(Exception):
    """What is wrong, and in which line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line, self.what = line, what


def html_of(shield: Shielded) -> str:
    """HTML with the same words for Liquid in it. Raises MarkupError."""
    for line, what in _misplaced(shield.text):
        raise MarkupError(line, what)
    try:
        output = mrml.to_html(shield.text, None, mrml.RenderOptions(fonts={}))
    except OSError as error:
        place = _PLACE.search(str(error))
        line = shield.text.count("\n", 0, int(place[1])) + 1 if place else 1
        what = str(error).removesuffix(" in root template").partition(" in root template at")[0]
        hint = "; a `<` or `&` of the text is written `&lt;`, `&amp;`, and HTML tags are closed"
        raise MarkupError(line, f"the MJML cannot be read: {what}{hint}") from None
    return str(output.content)


def _misplaced(text: str) -> Iterator[tuple[int, str]]:
    """The first tag that is unknown, not allowed, or not closed where it should be."""
    open_tags: list[tuple[str, int]] = []
    for match in _TAG.finditer(text):
        name, line = match[2], text.count("\n", 0, match.start()) + 1
        if not name:
            continue
        if name == "mj-include":
            yield line, "mj-include has no files to load; write its content here"
        elif name not in COMPONENTS:
            yield line, f"there is no <{name}> in MJML"
        elif match[1]:
            if not open_tags or open_tags[-1][0] != name:
                yield line, _crossed(name, open_tags)
                return
            open_tags.pop()
        elif not match[3].endswith("/"):
            open_tags.append((name, line))
    if open_tags:
        name, line = open_tags[-1]
        yield line, f"<{name}> is never closed"
    elif "<mjml" not in text:
        yield 1, "the file does not begin with <mjml>"


def _crossed(name: str, open_tags: list[tuple[str, int]]) -> str:
    if not open_tags:
        return f"</{name}> closes nothing"
    inner, since = open_tags[-1]
    return f"</{name}> comes before <{inner}> of line {since} is closed"
