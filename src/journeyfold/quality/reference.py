"""A schema without its references, so that two of them can be compared (quality Q05, Q08). Pure.

`#/$defs/…` and `address.1.json#/…` are replaced by what they name. One that leads back into itself
stays as it is: what cannot be written out cannot be decided, and is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

from journeyfold.core.event import Json

_NODES_MAX = 20_000


class _Written:
    def __init__(self, files: Mapping[str, Json]) -> None:
        self._files, self.nodes = files, 0

    def out(self, node: Json, file: str, inside: frozenset[str]) -> Json:
        self.nodes += 1
        if isinstance(node, list):
            return [self.out(each, file, inside) for each in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        rest: dict[str, Json] = {
            key: self.out(value, file, inside)
            for key, value in node.items()
            if key != "$ref" or not isinstance(value, str)
        }
        if not isinstance(reference, str):
            return rest
        where, _, pointer = reference.partition("#")
        target_file = where or file
        name = f"{target_file}#{pointer}"
        target = _at(self._files.get(target_file), pointer)
        if target is None or name in inside or self.nodes > _NODES_MAX:
            return {**rest, "$ref": reference}
        written = self.out(target, target_file, inside | {name})
        return {"allOf": [written, rest]} if rest else written


def written_out(document: Mapping[str, Json], file: str, files: Mapping[str, Json]) -> Json:
    """`files` are all documents by file name, this one among them."""
    kept = {key: value for key, value in document.items() if key not in {"$defs", "definitions"}}
    return _Written(files).out(kept, file, frozenset({f"{file}#"}))


def _at(document: Json, pointer: str) -> Json:
    for part in pointer.split("/")[1:]:
        if not isinstance(document, dict):
            return None
        document = document.get(part.replace("~1", "/").replace("~0", "~"))
    return document
