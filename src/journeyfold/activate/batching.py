"""Many parcels in one call, each settled for itself (journeys A6). Pure.

Parcels keep their order where it matters: a removal is not sent together with what came before it.
Of several about one record in a batch the last one is sent and tells for all, since platforms
refuse a batch that names a record twice. A batch that is refused whole is halved until the record
that spoils it stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeAlias, TypeVar

from journeyfold.activate.destination import Outcome, Parcel, ParcelKind
from journeyfold.core.event import Json

KEY = "key"  # of a sync's row, in a parcel's body

T = TypeVar("T")
Send: TypeAlias = Callable[[ParcelKind, Sequence[T]], Outcome | list[Outcome]]


class Unfit(Exception):  # noqa: N818 - a fact about a record, not a fault
    """A record lacks what the platform asks for; the sentence is its reason."""


def settled(
    parcels: Sequence[Parcel], shape: Callable[[Parcel], tuple[str, T]], send: Send[T]
) -> list[Outcome]:
    """An outcome each. `shape` gives (identity, record) or raises Unfit; `send` gives one outcome
    for all records or one each.
    """
    outcomes: dict[int, Outcome] = {}
    for kind, run in groupby(enumerate(parcels), key=_kind_of):
        records: dict[str, T] = {}
        places: dict[str, list[int]] = {}
        for at, parcel in run:
            try:
                identity, record = shape(parcel)
            except Unfit as error:
                outcomes[at] = Outcome("dead", str(error))
                continue
            records[identity] = record
            places.setdefault(identity, []).append(at)
        told = _sent(kind, list(records.values()), send)
        for outcome, identity in zip(told, records, strict=True):
            outcomes.update(dict.fromkeys(places[identity], outcome))
    return [outcomes[at] for at in range(len(parcels))]


def row_name(parcel: Parcel, field: str) -> str:
    """What the platform knows a record by: of a sync's row its key and nothing else, since a removal
    has nothing else; of what a template wrote, this field of it.
    """
    names = (KEY, field) if parcel.kind in {"upsert", "remove"} else (field, KEY)
    return text_of(parcel.body, *names)


def text_of(body: dict[str, Json], *names: str) -> str:
    """The first of these that says something, as text; Unfit where none does."""
    for name in names:
        value = body.get(name)
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            return str(value)
    raise Unfit(f"there is no {' or '.join(names)}")


def _kind_of(each: tuple[int, Parcel]) -> ParcelKind:
    return each[1].kind


def _sent(kind: ParcelKind, records: list[T], send: Send[T]) -> list[Outcome]:
    if not records:
        return []
    told = send(kind, records)
    if isinstance(told, list):
        assert len(told) == len(records), "a destination settles each record"
        return told
    if told.status != "dead" or len(records) == 1:
        return [told] * len(records)
    middle = len(records) // 2
    return _sent(kind, records[:middle], send) + _sent(kind, records[middle:], send)
