"""Which columns of a file a mapping reads: known before the file is opened (collect C41)."""

from __future__ import annotations

from journeyfold.core.condition import Call, Node, Path, children
from journeyfold.core.condition_parse import parse
from journeyfold.core.event import Json
from journeyfold.sources.inventory import Source
from journeyfold.sources.presets import with_preset
from journeyfold.sources.recipe import Field, Fields


def columns_used(source: Source) -> list[str]:
    """Every column the mapping reads, in the order of first use; none for `preset: wire`."""
    source = with_preset(source)
    if source.preset == "wire":
        return []
    fields = source.fields or Fields()
    used = [*source.group, *fields.id, *(column.source for column in source.columns)]
    if source.cursor is not None:
        used += [source.cursor.column, source.cursor.key]
    texts = [branch.when for branch in source.map if branch.when]
    texts += [fields.occurred] if fields.occurred else []
    texts += fields.identifiers.values()
    for text in texts:
        used += _columns_of(parse(text).node, item_is_row=False)
    for group in (fields.properties, fields.traits, fields.context):
        for field in group.values():
            used += _columns_of_field(field, item_is_row=False)
    return list(dict.fromkeys(used))


def _columns_of_field(field: Field | Json, *, item_is_row: bool) -> list[str]:
    if isinstance(field, str):
        return _columns_of(parse(field).node, item_is_row=item_is_row)
    if not isinstance(field, dict):
        return []
    over_rows = item_is_row if "each" not in field else str(field["each"]).strip() == "rows"
    used: list[str] = []
    for key, part in field.items():
        used += _columns_of_field(part, item_is_row=over_rows and key != "each")
    return used


def _columns_of(node: Node, *, item_is_row: bool) -> list[str]:
    used: list[str] = []
    if isinstance(node, Path) and node.path:
        if node.root == "row" or (node.root == "item" and item_is_row):
            used.append(node.path[0])
        return used
    if isinstance(node, Call) and "each" in node.args:
        item_is_row = node.args.get("list") == Path("rows")
    for child in children(node):
        used += _columns_of(child, item_is_row=item_is_row)
    return used
