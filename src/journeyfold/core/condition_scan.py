"""The pass before Python's parser: length, brackets, strings, names (segments C2, C3).

Everything Python would read in a way of its own (prefixed or joined strings, folded names, odd
escapes, numbers that run into names) is refused here, so the parser never warns.
"""

from __future__ import annotations

import re

from journeyfold.core.condition import ConditionError, Place, problem_at

TEXT_MAX = 8192  # bytes
DEPTH_MAX = 30
NUMBER_MAX = 40  # characters: enough for every float; Python refuses 4,300

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<string>"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>[^\W\d]\w*)
    |(?P<open>[\[(]) |(?P<close>[\])])
    |(?P<sign>==|!=|<=|>=|[<>=+\-*.,])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:[\\'\"nrtbf]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U00[01][0-9a-fA-F]{5})")


def scan(text: str, place: Place) -> None:
    """Refuses what Python would read in its own way, or only after much work."""
    if len(text) > TEXT_MAX or len(text.encode("utf-8", "surrogatepass")) > TEXT_MAX:
        raise error_at(text, place, 0, "J101", f"longer than {TEXT_MAX} bytes")
    index = depth = 0
    previous = ""
    while index < len(text):
        token = _TOKEN.match(text, index)
        if token is None:
            raise error_at(text, place, index, *_unreadable(text, index))
        kind = token.lastgroup or ""
        _check_token(text, place, index, kind, token[0], previous)
        depth += (kind == "open") - (kind == "close")
        if depth > DEPTH_MAX:
            raise error_at(text, place, index, "J101", f"nested deeper than {DEPTH_MAX} levels")
        adjoins = kind != "space"
        previous = kind if adjoins else f"{previous.removesuffix(' ')} "
        index = token.end()
    if not text.strip():
        raise error_at(text, place, 0, "J102", "an empty condition")


def _unreadable(text: str, index: int) -> tuple[str, str, str]:
    character = text[index]
    if character == "\0" or "\ud800" <= character <= "\udfff":
        return "J101", "a character that is not text", ""
    if character in "\"'":
        return "J102", "a string that does not end on its line", ""
    way_out = _OF_OTHER_LANGUAGES.get(character, "")
    return "J103", f"{character!r} has no place in a condition", way_out


_OF_OTHER_LANGUAGES = {
    "&": "write and", "|": "write or", "!": "write not", "/": "multiply, as by 0.5",
    "#": "a comment stands after # in the YAML, outside of the quotes",
}  # fmt: skip


def _check_token(text: str, place: Place, index: int, kind: str, token: str, previous: str) -> None:
    if kind == "string":
        if previous.rstrip() == "string":
            raise error_at(
                text, place, index, "J103", "two strings side by side", "is a comma missing?"
            )
        if previous == "name":  # r"", b"", f"": a prefix, and no space before the quote
            raise error_at(text, place, index, "J103", "strings have no prefix")
        _check_string(text, place, index, token)
    elif kind == "number":
        if len(token) > NUMBER_MAX:
            raise error_at(text, place, index, "J113", "a number beyond 64 bits")
    elif kind == "name":
        if previous == "number":
            raise error_at(text, place, index, "J102", "a number runs into a name")
        if not token.isascii():
            raise error_at(
                text, place, index, "J103", f"{token!r} is not ASCII", f'write ["{token}"]'
            )


def _check_string(text: str, place: Place, index: int, token: str) -> None:
    rest = _ESCAPE.sub("", token)
    if "\\" in rest:
        raise error_at(
            text, place, index, "J102", "an unknown escape in a string", r"write \\ for a backslash"
        )
    escaped = (escape[0][2:] for escape in _ESCAPE.finditer(token) if escape[0][1] in "xuU")
    codes = [*map(ord, token), *(int(digits, 16) for digits in escaped)]
    if any(code == 0 or 0xD800 <= code <= 0xDFFF or code > 0x10FFFF for code in codes):
        raise error_at(text, place, index, "J101", "a string that is not text")


def error_at(
    text: str, place: Place, index: int, code: str, message: str, suggestion: str = ""
) -> ConditionError:
    return ConditionError([problem_at(text, place, index, code, message, suggestion)])
