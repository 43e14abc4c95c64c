"""Makes the readable `snippet/jf.js` small: no comments, no idle space, short local names. Pure.

Not a JavaScript compiler: it reads the plain style that the source is written in (statements end
in semicolons, no name is both ours and the browser's, expressions inside template texts hold no
braces). A name becomes the same short name everywhere, so no scope can be confused; keys and
members keep theirs. The browser tests run what this has made.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from string import ascii_letters

import msgspec

HEADER = "/* journeyfold, Apache-2.0; source: snippet/jf.js */\n"

_REGEX = r"/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*"
_TOKEN = re.compile(
    r"(?P<idle>\s+|//[^\n]*|/\*.*?\*/)"
    r'|(?P<text>"(?:[^"\\\n]|\\.)*")'
    r"|(?P<template>`[^`]*`)"
    r"|(?P<word>[A-Za-z_$][\w$]*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<mark>\.\.\.|=>|\?\.|\+\+|--|.)",
    re.DOTALL,
)
_BEFORE_REGEX = frozenset(["(", ",", "=", ":", "[", "!", "&", "|", "?", "{", ";", "return"])
_BEFORE_BLOCK = frozenset([")", "=>", "else", "try", "finally", "do", ";", "{", "}"])
_HOLES = re.compile(r"\$\{([^{}]*)\}")
_KEYWORDS = frozenset({
    "async", "await", "break", "case", "catch", "const", "continue", "default", "delete", "do",
    "else", "false", "finally", "for", "function", "if", "in", "instanceof", "let", "new", "null",
    "of", "return", "static", "switch", "this", "throw", "true", "try", "typeof", "undefined",
    "void", "while", "yield",
})  # fmt: skip
_CLOSES = {")": "(", "]": "[", "}": "{"}


class Token(msgspec.Struct):
    """`place`: what a word is here: a plain `use`, a `key`, a `member`, or a `short` property."""

    kind: str
    text: str
    place: str = "use"


def packed(source: str) -> str:
    """The same program, in few bytes."""
    tokens = list(_tokens(source))
    _mark_places(tokens)
    names = _short_names(tokens)
    return HEADER + _joined(_gathered(_renamed(tokens, names))) + "\n"


def _tokens(source: str) -> Iterator[Token]:
    at, before = 0, ";"
    regex = re.compile(_REGEX)
    while at < len(source):
        if before in _BEFORE_REGEX and (found := regex.match(source, at)):
            yield Token("text", found[0])
            at, before = found.end(), "text"
            continue
        found = _TOKEN.match(source, at)
        assert found is not None, "every character is a token"
        at = found.end()
        if found.lastgroup != "idle":
            before = found[0]
            yield Token(str(found.lastgroup), found[0])


def _mark_places(tokens: list[Token]) -> None:
    """Tells keys of objects from plain uses; braces of blocks hold none."""
    open_: list[str] = []
    before = ";"
    for at, token in enumerate(tokens):
        after = tokens[at + 1].text if at + 1 < len(tokens) else ";"
        if token.kind == "word" and before in {".", "?."}:
            token.place = "member"
        elif token.kind == "word" and open_[-1:] == ["object"] and before in {"{", ","}:
            token.place = "key" if after in {":", "("} else "short"
        elif token.text == "{":
            open_.append("block" if before in _BEFORE_BLOCK else "object")
        elif token.text in "([":
            open_.append(token.text)
        elif token.text in _CLOSES:
            open_.pop()
        before = token.text


def _short_names(tokens: list[Token]) -> dict[str, str]:
    """The most used name gets the shortest; what the browser or the page knows keeps its own."""
    ours = set(_declared(tokens)) - _KEYWORDS
    uses = Counter(token.text for token in tokens if token.kind == "word")
    taken = uses.keys() - ours
    letters = ("".join(each) for length in (1, 2) for each in product(ascii_letters, repeat=length))
    fresh = (name for name in letters if name not in taken and name not in _KEYWORDS)
    return dict(zip(sorted(ours, key=lambda name: (-uses[name], name)), fresh, strict=False))


def _declared(tokens: list[Token]) -> Iterator[str]:
    """Names after const, let and function, and those of parameters and patterns."""
    for at, token in enumerate(tokens):
        before = tokens[at - 1].text if at else ""
        is_named = before in {"const", "let", "function"} or _is_generator(tokens, at)
        if token.kind == "word" and is_named:
            yield token.text
        if token.text in {"{", "["} and before in {"const", "let"}:
            yield from _in_group(tokens, at)
        if token.text == "(" and before == "catch":
            yield tokens[at + 1].text
        if token.text == "(" and (_is_function(tokens, at) or _ends_in_arrow(tokens, at)):
            yield from _in_group(tokens, at)
        if token.text == "=>" and tokens[at - 1].kind == "word":
            yield tokens[at - 1].text


def _is_generator(tokens: list[Token], at: int) -> bool:
    return [token.text for token in tokens[max(0, at - 2) : at]] == ["function", "*"]


def _is_function(tokens: list[Token], at: int) -> bool:
    """`function (`, `function name(` or `function* name(`."""
    return any(token.text == "function" for token in tokens[max(0, at - 3) : at])


def _ends_in_arrow(tokens: list[Token], at: int) -> bool:
    return tokens[_end(tokens, at) + 1].text == "=>"


def _in_group(tokens: list[Token], at: int) -> Iterator[str]:
    for token in tokens[at : _end(tokens, at)]:
        if token.kind == "word" and token.place in {"use", "short"}:
            yield token.text


def _end(tokens: list[Token], at: int) -> int:
    """Where the bracket that opens at `at` closes."""
    depth = 0
    for here in range(at, len(tokens)):
        depth += (tokens[here].text in _CLOSES.values()) - (tokens[here].text in _CLOSES)
        if depth == 0:
            return here
    raise AssertionError("a bracket is never closed")


def _renamed(tokens: list[Token], names: dict[str, str]) -> Iterator[str]:
    for token in tokens:
        short = "let" if token.text == "const" else names.get(token.text)
        if token.kind == "template":
            yield _HOLES.sub(lambda hole: "${" + _expression(hole[1], names) + "}", token.text)
        elif token.kind != "word" or short is None or token.place in {"member", "key"}:
            yield token.text
        else:
            yield f"{token.text}:{short}" if token.place == "short" else short


def _expression(source: str, names: dict[str, str]) -> str:
    tokens = list(_tokens(source))
    _mark_places(tokens)
    return _joined(_renamed(tokens, names))


def _gathered(texts: Iterator[str]) -> Iterator[str]:
    """`let a=1;let b=2;` → `let a=1,b=2;`, within one block."""
    starts = [""]  # the word that opened the present statement, by depth of brackets
    last = ";"
    for text in texts:
        if last == ";" == text:
            continue
        is_further = last == ";" and text == "let" == starts[-1]
        if last == ";":
            yield "," if is_further else last
        if last in {";", "{", "}"} and re.match(r"[\w$]", text):
            starts[-1] = text
        if text in _CLOSES.values():
            starts.append("")
        elif text in _CLOSES:
            starts.pop()
        if text != ";" and not is_further:
            yield text
        last = text
    if last == ";":
        yield last


def _joined(texts: Iterator[str]) -> str:
    """A space only where two words would run together, or two signs become another sign."""
    pieces: list[str] = []
    last = ""
    for text in texts:
        is_split = re.match(r"[\w$]", last[-1:]) and re.match(r"[\w$]", text[:1])
        if is_split or (last[-1:] in "+-" and last[-1:] == text[:1]):
            pieces.append(" ")
        if (text == "}" and last == ";") or (text in _CLOSES and last == ","):
            pieces.pop()
        pieces.append(text)
        last = text
    return "".join(pieces)
