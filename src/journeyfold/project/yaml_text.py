"""The one YAML loader: text → plain values with the place of each (trust SEC-1, SEC-20).

YAML 1.2 and less: no tags, no merge keys, no second document, no anchor used more than a hundred
times, no key twice, and `no` is a word. Dates stay text; whoever needs an instant reads one.
A hostile file costs bounded time and gets one sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import events as parsed
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from journeyfold.core.errors import Problem, ProjectError
from journeyfold.core.event import INT64_MAX, INT64_MIN
from journeyfold.project.document import Document, Path, Spot, line_and_column, line_text

TEXT_MAX = 512 * 1024  # characters in a file
DEPTH_MAX = 24
VALUES_MAX = 50_000  # after aliases are followed
ALIASES_MAX = 100

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_ODD_NUMBER = re.compile(r"[-+]?0x[0-9a-fA-F]+|0o[0-7]+|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_ANCHOR = re.compile(r"&\S+\s*")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")

_SENTENCES = {  # the parser's words → ours
    "mapping values are not allowed here": (
        "a ': ' stands where no key can be",
        "quote the text, or put the key on its own line with the indentation of its neighbours",
    ),
    "found character '\\t' that cannot start any token": (
        "a tab indents this line",
        "indent with spaces",
    ),
    "found unexpected end of stream": ("a quoted text is not closed", "add the closing quote"),
    "expected the node content, but found '<stream end>'": (
        "the file ends inside a list or a map",
        "close the bracket",
    ),
    "expected ',' or ']', but got '<stream end>'": (
        "the file ends inside a list",
        "close the bracket",
    ),
    "expected ',' or '}', but got '<stream end>'": (
        "the file ends inside a map",
        "close the brace",
    ),
    "could not find expected ':'": ("a key has no ':'", "write `key: value`"),
    "expected <block end>, but found '?'": (
        "this key is indented differently from its neighbours",
        "give keys of one map the same indentation",
    ),
    "expected <block end>, but found '<block mapping start>'": (
        "this line is indented more than its neighbours",
        "give keys of one map the same indentation",
    ),
    "expected <block end>, but found '<scalar>'": (
        "text follows a closed quote",
        "quote the whole value: 'a == \"b\"'",
    ),
}


@lru_cache(maxsize=512)  # after an edit only the edited file is read again
def read_yaml(file: str, text: str) -> Document:
    """The document in `text`; nobody changes the values of a document.

    Raises:
        ProjectError: with one problem, when the text is not the YAML we take.

    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    _refuse_what_is_no_text(file, text)
    return _Reader(file, text).document()


def _refuse_what_is_no_text(file: str, text: str) -> None:
    if len(text) > TEXT_MAX:
        raise _refusal(
            file, text, 0, "P103", f"the file has {len(text)} characters, more than {TEXT_MAX}",
            "split it into several files",
        )  # fmt: skip
    odd = _CONTROL.search(text)
    if odd:
        raise _refusal(
            file, text, odd.start(), "P101", f"U+{ord(odd[0]):04X} is not text",
            "save the file as UTF-8 text without control characters",
        )  # fmt: skip


class _Reader:
    """Builds values from parser events, so that nothing is built before it was counted."""

    def __init__(self, file: str, text: str) -> None:
        self._file, self._text = file, text
        self._spots: dict[Path, Spot] = {}
        self._anchors: dict[str, tuple[object, Path]] = {}
        self._aliases = 0
        self._next: Iterator[Any] = iter(YAML(typ="safe", pure=True).parse(text))

    def document(self) -> Document:
        try:
            value = self._root()
        except MarkedYAMLError as error:
            raise self._not_yaml(error) from None
        except YAMLError as error:
            raise _refusal(self._file, self._text, 0, "P101", f"not YAML: {error}") from None
        return Document(self._file, self._text, value, self._spots)

    def _root(self) -> object:
        value: object = None
        started = False
        for event in self._next:
            if isinstance(event, parsed.DocumentStartEvent):
                if started:
                    raise self._refuse(
                        event, "P101", "a second document begins", "one definition a file"
                    )
                started = True
                value = self._value(next(self._next), (), -1)
        return value

    def _value(self, event: Any, path: Path, key: int) -> object:
        if isinstance(event, parsed.AliasEvent):
            return self._alias(event, path, key)
        if event.tag is not None and event.tag != "!":
            raise self._refuse(event, "P104", f"the tag {event.tag} is not allowed", "remove it")
        if len(path) > DEPTH_MAX:
            raise self._refuse(event, "P103", f"deeper than {DEPTH_MAX} levels", "")
        begun = event.start_mark.index
        if event.anchor:  # the mark stands at the anchor; the value begins behind it
            anchor = _ANCHOR.match(self._text, begun)
            begun = anchor.end() if anchor else begun
        self._spots[path] = Spot(
            begun, event.end_mark.index, key, getattr(event, "style", "") or ""
        )
        self._count(event)
        if isinstance(event, parsed.ScalarEvent):
            value: object = self._scalar(event)
        elif isinstance(event, parsed.SequenceStartEvent):
            value = self._list(path)
        else:
            value = self._map(path)
        if event.anchor:
            self._anchors[event.anchor] = (value, path)
        return value

    def _list(self, path: Path) -> list[object]:
        values: list[object] = []
        while not isinstance(event := next(self._next), parsed.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values)), -1))
        return values

    def _map(self, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        while not isinstance(event := next(self._next), parsed.MappingEndEvent):
            key = self._key(event)
            if key in values:
                first, _ = line_and_column(self._text, self._spots[*path, key].key)
                raise self._refuse(
                    event, "P102", f"the key '{key}' stands twice", f"the first is in line {first}"
                )
            values[key] = None  # a value that fails shall not hide a key that stands twice
            values[key] = self._value(next(self._next), (*path, key), event.start_mark.index)
        return values

    def _key(self, event: Any) -> str:
        if not isinstance(event, parsed.ScalarEvent):
            raise self._refuse(event, "P101", "a key must be a word", "write `key: value`")
        if event.tag is not None and event.tag != "!":
            raise self._refuse(event, "P104", f"the tag {event.tag} is not allowed", "remove it")
        key: str = event.value
        if key == "<<" and not event.style:
            raise self._refuse(
                event, "P104", "merge keys (<<) are not allowed", "write the keys where they hold"
            )
        return key

    def _scalar(self, event: Any) -> object:
        text: str = event.value
        if event.style:
            return text
        if text in _NULLS:
            return None
        if text in _BOOLS:
            return _BOOLS[text]
        if _INT.fullmatch(text):
            return self._integer(event, text)
        if _FLOAT.fullmatch(text):
            return self._float(event, text)
        if _ODD_NUMBER.fullmatch(text):
            raise self._refuse(
                event, "P105", f"{text} is no plain decimal number", "quote it if it is text"
            )
        return text

    def _integer(self, event: Any, text: str) -> int:
        digits = text.lstrip("+-")
        if digits != "0" and digits.startswith("0"):
            raise self._refuse(
                event, "P105", f"{text} begins with 0", f"quote it if it is text: '{text}'"
            )
        value = int(text) if len(digits) <= 19 else INT64_MAX + 1
        if not INT64_MIN <= value <= INT64_MAX:
            raise self._refuse(
                event, "P105", f"{text[:40]} does not fit 64 bits", "quote it if it is text"
            )
        return value

    def _float(self, event: Any, text: str) -> float:
        value = float(text)
        if value in (float("inf"), float("-inf")):
            raise self._refuse(event, "P105", f"{text} is too large", "quote it if it is text")
        return value

    def _alias(self, event: Any, path: Path, key: int) -> object:
        self._aliases += 1
        if self._aliases > ALIASES_MAX:
            raise self._refuse(event, "P103", f"more than {ALIASES_MAX} aliases", "write them out")
        if event.anchor not in self._anchors:
            raise self._refuse(
                event, "P101", f"there is no &{event.anchor} before this *{event.anchor}",
                "anchors stand before their aliases",
            )  # fmt: skip
        value, origin = self._anchors[event.anchor]
        copies = {
            path + old[len(origin) :]: spot
            for old, spot in self._spots.items()
            if old[: len(origin)] == origin
        }
        self._spots.update(copies)
        self._spots[path] = Spot(event.start_mark.index, event.end_mark.index, key, "*")
        self._count(event)
        return value

    def _count(self, event: Any) -> None:
        if len(self._spots) > VALUES_MAX:
            raise self._refuse(event, "P103", f"more than {VALUES_MAX} values", "split the file")

    def _refuse(self, event: Any, code: str, message: str, suggestion: str) -> ProjectError:
        index = event.start_mark.index
        return _refusal(self._file, self._text, index, code, message, suggestion)

    def _not_yaml(self, error: MarkedYAMLError) -> ProjectError:
        mark = error.problem_mark or error.context_mark
        message, suggestion = _in_our_words(str(error.problem))
        if error.context and "quoted scalar" in error.context and error.context_mark:
            mark = error.context_mark  # where the quote opens helps more than the end of the file
        index = mark.index if mark else 0
        return _refusal(self._file, self._text, index, "P101", message, suggestion)


def _in_our_words(problem: str) -> tuple[str, str]:
    if problem in _SENTENCES:
        return _SENTENCES[problem]
    if problem.endswith("that cannot start any token"):
        return f"a value cannot begin with {problem.split()[2]}", "put the text into quotes"
    return f"not YAML: {problem}", ""


def _refusal(
    file: str, text: str, index: int, code: str, message: str, suggestion: str = ""
) -> ProjectError:
    line, column = line_and_column(text, index)
    return ProjectError(
        [Problem(file, line, column, code, message, line_text(text, line), suggestion)]
    )
