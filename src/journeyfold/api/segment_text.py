"""Changing a segment in its file: only the condition's own characters are replaced.

Comments, spacing and the order of everything else stay as they were written (console C17), so the
difference a reviewer sees is the change and nothing more. The loader's spots say where a value
stands; a value written as a block stays a block, everything else becomes a quoted scalar.
"""

from __future__ import annotations

from journeyfold.core.condition import All, AnyOf, to_text
from journeyfold.core.condition_parse import parse
from journeyfold.project.document import Document
from journeyfold.project.yaml_text import read_yaml

WIDTH = 90


def with_condition(file: str, text: str, segment: str, when: str) -> str:
    """The file's text with another condition for a segment it holds.

    Raises KeyError when the file does not hold that segment.
    """
    document = read_yaml(file, text)
    spot = document.spots["segments", _index(document, segment), "when"]
    if spot.style in ("|", ">"):
        indent = _block_indent(document, spot.key)
        old = document.text[spot.start : spot.end]
        blank = "\n" * max(0, len(old) - len(old.rstrip("\n")) - 1)  # between it and what follows
        block = "|\n" + "".join(f"{indent}{line}\n" for line in in_lines(when)) + blank
        return document.text[: spot.start] + block + document.text[spot.end :]
    return document.text[: spot.start] + _quoted(when) + document.text[spot.end :]


def with_segment(file: str, text: str, segment: str, when: str) -> str:
    """The file's text with one more segment at its end; an empty text becomes a file."""
    if not text.strip():
        return f"segments:\n{_entry(segment, when, '  ')}"
    document = read_yaml(file, text)
    entries = document.at(("segments",))
    if not isinstance(entries, list) or not entries:
        return f"{document.text.rstrip()}\nsegments:\n{_entry(segment, when, '  ')}"
    last = document.spots["segments", len(entries) - 1]
    before = document.text[: last.start]
    dash = before.rfind("-")
    indent = before[before.rfind("\n") + 1 : dash]
    end = last.start + len(document.text[last.start : last.end].rstrip())
    rest = document.text[end:]
    line_end = rest.find("\n")
    comment = rest if line_end < 0 else rest[:line_end]
    after = "" if line_end < 0 else rest[line_end + 1 :]
    return f"{document.text[:end]}{comment}\n{_entry(segment, when, indent)}{after}"


def in_lines(when: str, width: int = WIDTH) -> list[str]:
    """A long condition over several lines, broken before its outermost `and` or `or`."""
    node = parse(when).node
    if len(when) <= width or not isinstance(node, All | AnyOf):
        return [when]
    word = "and" if isinstance(node, All) else "or"
    weaker = AnyOf if isinstance(node, All) else ()
    parts = [
        f"({to_text(child)})" if weaker and isinstance(child, weaker) else to_text(child)
        for child in node.of
    ]
    return [parts[0], *(f"{word} {part}" for part in parts[1:])]


def _index(document: Document, segment: str) -> int:
    entries = document.at(("segments",))
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict) and entry.get("id") == segment:
            return index
    raise KeyError(segment)


def _entry(segment: str, when: str, indent: str) -> str:
    lines = in_lines(when)
    if len(lines) == 1:
        return f"{indent}- {{id: {segment}, when: {_quoted(when)}}}\n"
    body = "".join(f"{indent}    {line}\n" for line in lines)
    return f"{indent}- id: {segment}\n{indent}  when: |\n{body}"


def _block_indent(document: Document, key: int) -> str:
    """Two more than the key that leads to the block."""
    start = document.text.rfind("\n", 0, key) + 1
    return " " * (key - start + 2)


def _quoted(when: str) -> str:
    return "'" + when.replace("'", "''") + "'"
