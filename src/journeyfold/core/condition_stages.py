"""What a stage is compared with is a stage of its lifecycle; anything else is never true (J104)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from journeyfold.core.condition_paths import closest
from journeyfold.core.condition_typed import Const, Expr, Standing

if TYPE_CHECKING:
    from journeyfold.core.condition import Node
    from journeyfold.core.condition_types import Checker


def known_stages(checker: Checker, node: Node, one: Expr, other: Expr) -> None:
    """Either side may be the stage; the other one a name, or a list of names."""
    if isinstance(other, Standing):
        one, other = other, one
    if not (isinstance(one, Standing) and one.kind == "stage" and isinstance(other, Const)):
        return
    stages = frozenset(checker.scope.lifecycles.get(one.id, ()))
    for value in other.value if isinstance(other.value, tuple) else (other.value,):
        if stages and isinstance(value, str) and value not in stages:
            checker.fail(
                node, "J104", f"there is no stage {value!r} in {one.id}", closest(value, stages)
            )
