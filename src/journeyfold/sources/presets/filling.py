"""How a preset of a table meets the source that names it: what the file says wins, key by key."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from journeyfold.sources.inventory import Column, Source
from journeyfold.sources.recipe import Branch, Fields


def filling(
    fields: Fields,
    *,
    event: str | None = None,
    map: tuple[Branch, ...] = (),  # noqa: A002 - the key of the file
    columns: tuple[Column, ...] = (),
    stages: tuple[str, ...] = (),
) -> Callable[[Source], Source]:
    """Without an event and a map, rows are what is known of people."""
    branches = map or (Branch(event=event) if event else Branch(type="identify"),)

    def filled(source: Source) -> Source:
        return msgspec.structs.replace(
            source,
            map=source.map or branches,
            fields=source.fields or fields,
            columns=source.columns or columns,
            stages=source.stages or stages,
        )

    return filled
