"""What a source follows: tables of a PostgreSQL database, change by change (collect C46, C47).

These are values of `read: {postgres: …}` of a source of `kind: cdc` (ADR 31).
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from journeyfold.sources.size import size_bytes

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z_][a-z0-9_]{0,62}$", examples=["journeyfold"])]
"""Of a replication slot; what the server itself allows."""


class Postgres(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A publication, read through a replication slot that is this source's alone.

    `tables` narrows what the publication has (`customers` or `crm.customers`). `snapshot: initial`
    reads the rows that are there before the first change. `deleted` names the event of a row that
    is gone where no line of `map` asks for deletes. `retained` is how much the server may keep for
    us before an alarm.
    """

    url: Annotated[str, msgspec.Meta(min_length=1, examples=["${env:CRM_URL}"])]
    slot: Name
    publication: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]
    tables: tuple[str, ...] = ()
    snapshot: Literal["initial", "never"] = "initial"
    deleted: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] = "deleted"
    retained: str = "1GiB"

    def __post_init__(self) -> None:
        if size_bytes(self.retained) is None:
            raise ValueError(f"retained: {self.retained!r} is no size; write 1GiB")
        for table in self.tables:
            if table.count(".") > 1 or not all(table.split(".")):
                raise ValueError(f"tables: {table!r} is no table; write customers or crm.customers")

    @property
    def retained_bytes(self) -> int:
        return size_bytes(self.retained) or 0

    def follows(self, schema: str, table: str) -> bool:
        """A name without a schema is of `public`."""
        if not self.tables:
            return True
        return f"{schema}.{table}" in self.tables or (schema == "public" and table in self.tables)
