"""`preset: contacts`: a table of people → `identify` (collect C45).

Expects `contact_id, updated_at` and, unless `columns` says otherwise, `email`. The version is part of
the id, because an edited contact is another statement and not the same one again (collect C41).
Traits come from `columns: [{from: CITY, to: traits.city}, …]`, one to one.
"""

from __future__ import annotations

import msgspec

from journeyfold.sources.inventory import Column, Source
from journeyfold.sources.recipe import Branch, Fields

MAP = (Branch(type="identify"),)
FIELDS = Fields(
    id=("contact_id", "updated_at"),
    occurred="row.updated_at",
    identifiers={"contact_id": "row.contact_id"},
)
COLUMNS = (Column("email", "identifiers.email"), Column("email", "traits.email"))


def contacts(source: Source) -> Source:
    return msgspec.structs.replace(
        source,
        map=source.map or MAP,
        fields=source.fields or FIELDS,
        columns=source.columns or COLUMNS,
    )
