"""A body as its author wrote it → the HTML that values are put into, worked out once (A10, A13).

Style sheets are put into the elements they are for (nothing is fetched), the preheader stands
first, and links and the place of the pixel carry marks, so that rewriting them for a person is one
pass over a text.
"""

from __future__ import annotations

import re
from functools import cache

from css_inline import CSSInliner, InlineError

from journeyfold.activate.mjml import MarkupError, html_of
from journeyfold.activate.shield import Restored, restored, shielded

LINK_BEGINS, LINK_ENDS, PIXEL = "\x02", "\x03", "\x04"
"""Around what a link leads to, and where the pixel goes; no text has them (XML 1.0, 2.2)."""

_LINK = re.compile(
    r"<(?:a|area|v:[a-z]+)(?=[\s/])(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE | re.DOTALL
)
_HREF = re.compile(r"(\shref\s*=\s*)(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE | re.DOTALL)
_LEADS_OUT = re.compile(r"https?://", re.IGNORECASE)
_UNTRACKED = re.compile(r"\sdata-no-track(?=[\s=/>])", re.IGNORECASE)
_BODY = re.compile(r"<body\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE | re.DOTALL)
_BODY_ENDS = re.compile(r"</body\s*>", re.IGNORECASE)
_STYLE = re.compile(r"<style\b", re.IGNORECASE)
_HIDDEN = (
    '<div style="display:none;max-height:0;max-width:0;opacity:0;overflow:hidden;mso-hide:all">'
)


def prepared(source: str, *, is_mjml: bool, preheader: str = "") -> Restored:
    """HTML with Liquid and marks in it. Raises MarkupError for what cannot be compiled."""
    shield = shielded(source)
    html = html_of(shield) if is_mjml else shield.text
    if _STYLE.search(html):
        try:
            html = _inliner().inline(_with_bodies(html, shield.word))
        except (InlineError, ValueError) as error:
            raise MarkupError(1, f"the styles cannot be read: {error}") from None
    html = _LINK.sub(lambda match: _marked(match[0], shield.word), html)
    html = _with_pixel_place(html)
    if preheader:
        html = _with_preheader(html, preheader)
    try:
        return restored(html, shield)
    except LookupError as lost:
        what = "this Liquid would be lost here: no element may stand in its place"
        raise MarkupError(int(lost.args[0]), what) from None


def bare(html: str) -> str:
    """Without marks: as for somebody who is not followed."""
    return html.replace(LINK_BEGINS, "").replace(LINK_ENDS, "").replace(PIXEL, "")


@cache
def _inliner() -> CSSInliner:
    """Rules that no element can carry, as `:hover` and `@media`, stay where they are."""
    return CSSInliner(
        load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True,
        remove_inlined_selectors=True,
    )  # fmt: skip


def _with_bodies(html: str, word: str) -> str:
    """A row of a table stands in a `tbody`: the parser would make one inside the loop of rows."""
    rows = re.compile(
        rf"<!--(?!{word}).*?-->|(<table\b[^>]*>)((?:\s|<!--{word}\d+x-->)*)(?=<tr\b)",
        re.IGNORECASE | re.DOTALL,
    )
    return rows.sub(lambda match: f"{match[1]}<tbody>{match[2]}" if match[1] else match[0], html)


def _marked(tag: str, word: str) -> str:
    """Links that lead out, or wherever a value says."""
    found = _HREF.search(tag)
    if found is None or _UNTRACKED.search(tag):
        return tag
    target = (found[2] if found[2] is not None else found[3]).strip()
    if not (_LEADS_OUT.match(target) or target.startswith(word)):
        return tag
    quote = '"' if found[2] is not None else "'"
    link = f"{found[1]}{quote}{LINK_BEGINS}{target}{LINK_ENDS}{quote}"
    return tag[: found.start()] + link + tag[found.end() :]


def _with_pixel_place(html: str) -> str:
    ends = list(_BODY_ENDS.finditer(html))
    at = ends[-1].start() if ends else len(html)
    return html[:at] + PIXEL + html[at:]


def _with_preheader(html: str, preheader: str) -> str:
    begun = _BODY.search(html)
    at = begun.end() if begun else 0
    return f"{html[:at]}{_HIDDEN}{preheader}</div>{html[at:]}"
