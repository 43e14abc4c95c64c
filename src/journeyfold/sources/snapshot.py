"""The mapping of rows that a snapshot tells: new and changed ones, and those that are gone. Pure.

A row that is gone becomes an event of its own, never an erasure (collect C47): its name is what the
source says, its identifiers are those the row had, and it says which row it was. Every id carries
the version of its row, since a table without a time of change has no other.
"""

from __future__ import annotations

from collections.abc import Mapping as Map

import msgspec

from journeyfold.sources.columns import columns_used
from journeyfold.sources.inventory import Source
from journeyfold.sources.mapped import Outcome
from journeyfold.sources.mapping import Mapping, Rows, compile_mapping
from journeyfold.sources.presets import with_preset
from journeyfold.sources.pull import CHANGE, SEEN, VERSION, Sql
from journeyfold.sources.recipe import Branch, Fields

_NO_FIELDS = Fields()


def mapping_of(source: Source, columns: Map[str, str], file: str, received_us: int) -> Mapping:
    """As `compile_mapping`; of a snapshot for both kinds of rows."""
    pull = source.read.pull if source.read is not None else None
    if not isinstance(pull, Sql) or pull.mode != "snapshot":
        return compile_mapping(source, columns, file, received_us)
    source = with_preset(source)
    kept = compile_mapping(_of_kept(source, pull), columns, file, received_us).map
    gone = compile_mapping(_of_gone(source, pull), columns, file, received_us).map
    at = list(columns).index(CHANGE)

    def each(line: int, rows: Rows) -> Outcome:
        return (gone if rows[0][at] == "deleted" else kept)(line, rows)

    return Mapping(each)


def snapshot_columns(source: Source) -> frozenset[str]:
    """The columns that are needed of a row that is gone."""
    pull = source.read.pull if source.read is not None else None
    assert isinstance(pull, Sql), "asked for snapshots only"
    return frozenset(columns_used(_of_gone(with_preset(source), pull))) - {CHANGE, VERSION, SEEN}


def _of_kept(source: Source, pull: Sql) -> Source:
    fields = msgspec.structs.replace(source.fields or _NO_FIELDS, id=(*pull.key, VERSION))
    return msgspec.structs.replace(source, preset=None, fields=fields)


def _of_gone(source: Source, pull: Sql) -> Source:
    fields = source.fields or _NO_FIELDS
    named = tuple(each for each in source.columns if each.to.startswith("identifiers."))
    row = {name: f"row[{msgspec.json.encode(name).decode()}]" for name in pull.key}
    return msgspec.structs.replace(
        source, preset=None, group=(), cursor=None, columns=named,
        map=(Branch(event=pull.deleted),),
        fields=Fields(
            id=(*pull.key, VERSION), occurred=f"row.{SEEN}", identifiers=fields.identifiers,
            properties={"key": {**row}},
        ),
    )  # fmt: skip
