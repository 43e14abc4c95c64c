"""Nobody changes what the state holds without saying so: an older state must not be read as ours."""

from hashlib import blake2b
from typing import get_args

import msgspec
import pytest

from journeyfold.activate.outbox import Row
from journeyfold.adapters.format import LAYOUT_FIELDS
from journeyfold.core.aggregate import Aggregate
from journeyfold.core.ports import SPACES
from journeyfold.core.profile import Profile, Statement
from journeyfold.identity.decisions import Decision
from journeyfold.identity.erased import Erased
from journeyfold.identity.evidence import Link, Mark
from journeyfold.identity.graph import Component, Neighbour, Node
from journeyfold.identity.review import Review, Run, Tally
from journeyfold.project import definitions, engine
from journeyfold.project.parking import Parked
from journeyfold.project.sent import Sent
from journeyfold.project.synced import Ledger, SyncStanding
from journeyfold.runtime.outbox import Closed

STORED = {
    "meta": (engine.Standing, Closed, definitions.Standing),
    "profile": (Profile, *get_args(Aggregate)),  # an aggregate is decoded when touched
    "consent": (Statement,),
    "outbox": (Row,),
    "parked": (Parked,),
    "sent": (Sent,),
    "sync": (SyncStanding,),
    "row": (Ledger,),
    "id_node": (Node,),
    "id_comp": (Component,),
    "id_link": (Link,),
    "id_adj": (Neighbour,),
    "id_mark": (Mark,),
    "id_audit": (Decision,),
    "id_erased": (Erased,),
    "id_review": (Review, Run, Tally),
}
PLAIN = {"wake", "outbox_by", "count", "id_hist", "id_also"}  # numbers and bytes, or not in use


def structs_within(found, type_):
    """Every struct that a value of the type may hold, each once."""
    if isinstance(type_, msgspec.inspect.StructType):
        if str(type_.cls) in found:
            return
        found[str(type_.cls)] = type_
    for name in type_.__struct_fields__:
        held = getattr(type_, name)
        for each in held if isinstance(held, tuple) else (held,):
            if isinstance(each, msgspec.inspect.Field):
                structs_within(found, each.type)
            elif isinstance(each, msgspec.inspect.Type):
                structs_within(found, each)


def described(type_):
    """One line: what decides how a struct is written, and what its values may be."""
    struct = getattr(type_.cls, "__origin__", type_.cls)  # of Days[Numbers, int], Days
    fields = (f"{each.encode_name}:{struct.__annotations__[each.name]}" for each in type_.fields)
    return f"{struct.__qualname__} {type_.tag} {type_.array_like} {' '.join(fields)}"


def fields_digest(*roots):
    found = {}
    for root in roots:
        structs_within(found, msgspec.inspect.type_info(root))
    text = "\n".join(sorted({*map(described, found.values())}))
    return blake2b(text.encode(), digest_size=8).hexdigest()


def test_a_change_of_what_the_state_holds_is_a_new_layout():
    digest = fields_digest(*(root for roots in STORED.values() for root in roots))
    assert digest == LAYOUT_FIELDS, (
        f"what the state holds has other fields: in adapters/format.py raise LAYOUT by one and "
        f"write {digest} for LAYOUT_FIELDS"
    )


def test_every_space_of_the_state_is_looked_at():
    assert {*STORED, *PLAIN} == set(SPACES)


class Held(msgspec.Struct):
    at_us: int


class Holder(msgspec.Struct):
    held: dict[str, Held | None] = {}


class Renamed(msgspec.Struct):
    at: int


@pytest.mark.parametrize("other", [{"held": dict[str, Renamed]}, {"held": int}])
def test_a_change_deep_inside_shows(other):
    changed = msgspec.defstruct("Holder", list(other.items()))
    changed.__qualname__ = "Holder"
    assert fields_digest(Holder) != fields_digest(changed)
