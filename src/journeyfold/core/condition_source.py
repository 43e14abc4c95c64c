"""Lines, names and constants of generated code: no source of a user's enters here.

Shared values start unset and are computed where they are first needed in a call.
"""

from __future__ import annotations

from bisect import bisect_right

import msgspec

from journeyfold.core import aggregate_read as reads
from journeyfold.core import aggregate_threshold as thresholds
from journeyfold.core import condition_eval as reference
from journeyfold.core import condition_lists as lists
from journeyfold.core import condition_values as values
from journeyfold.core.aggregate import NEVER

_UNSET = object()
CLASSES = {"bool": bool, "string": str, "list": list, "object": dict}  # told by class alone
_TABLE: dict[str, object] = {
    "Z": NEVER,
    "U": _UNSET,
    **{f"read_{name}": made for name, made in reads.READS.items()},
    "next_change": reads.next_change,
    "last_change": reads.last_change,
    "count_test": thresholds.count_test,
    "sum_test": thresholds.sum_test,
    "summed": thresholds.summed,
    "sum_due": thresholds.sum_due,
    "bisect_right": bisect_right,
    "len": len,
    "raw": msgspec.Raw,
    "chain_test": reads.chain_test,
    "recent_rows": reads.recent_rows,
    "dig": values.dig,
    "crossing": values.crossing,
    "quintile": values.quintile,
    "next_quintile": values.next_quintile,
    "contains": values.contains,
    "int_sum": values.int_sum,
    "float_sum": values.float_sum,
    "next_local": values.next_local,
    "folded": lists.folded,
    "score_part": reference.score_part,
    **{f"guard_{name}": guard for name, guard in values.GUARDS.items()},
    **{f"class_{name}": kind for name, kind in CLASSES.items()},
    **{f"pure_{name}": made for name, made in values.PURE.items()},
    **{f"local_{name}": made for name, made in values.LOCAL_TIME.items()},
}


class Source:
    """Grows line by line; `table` is the whole world of the code."""

    def __init__(self) -> None:
        self.table: dict[str, object] = dict(_TABLE)
        self.lines: list[str] = []
        self.depth = 0
        self.numbers = 0
        self.constants: dict[tuple[type, object], str] = {}
        self.shared: dict[object, tuple[str, str]] = {}

    def line(self, text: str) -> None:
        self.lines.append(" " * self.depth + text)

    def taken(self, depth: int) -> list[str]:
        lines, self.lines = self.lines, []
        return [" " * depth + line for line in lines] or [" " * depth + "None"]

    def prologue(self, depth: int) -> list[str]:
        """Shared values start unset."""
        names = [block[0] for block in self.shared.values()]
        return [" " * depth + " = ".join([*names, "U"])] if names else []

    def name(self, letter: str) -> str:
        self.numbers += 1
        return f"{letter}{self.numbers}"

    def constant(self, value: object) -> str:
        slot = type(value), value
        if slot not in self.constants:
            self.constants[slot] = f"K{len(self.constants)}"
            self.table[self.constants[slot]] = value
        return self.constants[slot]

    def once(self, slot: object, source: str) -> str:
        """A variable that holds `source`, computed when first needed."""
        if slot not in self.shared:
            self.shared[slot] = self.name("s"), "Z"
        name = self.shared[slot][0]
        self.line(f"if {name} is U: {name} = {source}")
        return name

    def kept(self, source: str) -> str:
        name = self.name("v")
        self.line(f"{name} = {source}")
        return name

    def earliest(self, dues: list[str]) -> str:
        moving = [due for due in dict.fromkeys(dues) if due != "Z"]
        if len(moving) < 2:
            return moving[0] if moving else "Z"
        name = self.kept(moving[0])
        for due in moving[1:]:
            self.line(f"if {due} < {name}: {name} = {due}")
        return name
