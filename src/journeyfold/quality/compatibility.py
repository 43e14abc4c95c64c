"""May a schema follow the ones before it? (quality Q04 to Q06). Pure.

Backward: what was valid stays valid. Forward: what is valid now was valid before. The label of a
version is derived from what it does to history, never typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from journeyfold.quality.containment import Finding, Schema, findings

Mode: TypeAlias = Literal[
    "NONE", "BACKWARD", "FORWARD", "FULL", "BACKWARD_TRANSITIVE", "FORWARD_TRANSITIVE",
    "FULL_TRANSITIVE",
]  # fmt: skip
Label: TypeAlias = Literal["ADDITION", "REVISION", "MODEL"]


class Breach(msgspec.Struct, frozen=True):
    """Against which earlier version, in which direction, and what."""

    version: int
    direction: Literal["backward", "forward"]
    finding: Finding


def breaches(new: Schema, before: Sequence[tuple[int, Schema]], mode: Mode) -> list[Breach]:
    """`before` are (version, schema), oldest first. Uncertain ones need an acknowledgement."""
    against = before if mode.endswith("_TRANSITIVE") else before[-1:]
    found: list[Breach] = []
    for version, schema in against:
        if mode.startswith(("BACKWARD", "FULL")):
            found += [Breach(version, "backward", each) for each in findings(schema, new)]
        if mode.startswith(("FORWARD", "FULL")):
            found += [Breach(version, "forward", each) for each in findings(new, schema)]
    return found


def label_of(new: Schema, before: Sequence[tuple[int, Schema]]) -> Label:
    """ADDITION keeps all history readable, REVISION breaks some of it, MODEL the latest."""
    broken = [version for version, schema in before if findings(schema, new)]
    if not broken:
        return "ADDITION"
    return "MODEL" if broken[-1] == before[-1][0] else "REVISION"
