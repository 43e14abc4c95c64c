"""The published JSON Schemas of project files, made from the structs that load them.

Editors use them to complete and check while typing. `python -m journeyfold.project.schema DIR`
and `journeyfold schema editor DIR` write them; docs/reference/schemas holds a copy that a test keeps
current.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from journeyfold.project.kinds import KINDS, Kind

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """File name → JSON Schema, one for each kind of definition."""
    return {f"{kind.name}.schema.json": schema_of(kind) for kind in KINDS}


def schema_of(kind: Kind) -> dict[str, Any]:
    """The id that a file's name gives is never required in the file."""
    document = msgspec.json.schema(kind.struct, schema_hook=_anything)
    if kind.id_key:
        name = getattr(kind.struct, "__name__", "")
        target = document.get("$defs", {}).get(name, document)
        if "required" in target:
            target["required"] = [key for key in target["required"] if key != kind.id_key]
    about = {"$schema": DIALECT, "title": kind.pattern, "description": kind.about}
    return about | {key: value for key, value in document.items() if key not in about}


def _anything(_: type) -> dict[str, Any]:
    """The only type without a schema is a JSON value of any form."""
    return {"description": "any value"}


def write_schemas(directory: Path) -> list[str]:
    """Write them all; the names of the files."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, document in schemas().items():
        (directory / name).write_bytes(text_of(document))
    return sorted(schemas())


def text_of(document: dict[str, Any]) -> bytes:
    """Indented and with sorted keys, so that a diff shows what changed."""
    raw = msgspec.json.encode(document, order="sorted")
    return msgspec.json.format(raw, indent=2) + b"\n"


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
