"""`traits.category.l1`: the ancestor of a value in a tree of categories, at a level (quality Q25).

A field whose source cleans it by a taxonomy holds the value itself. Where it is read, `.l1` is the
root above it, `.l2` the next below; a value that stands higher than the level asked for has none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from journeyfold.core.condition import Path
from journeyfold.core.condition_paths import typed_path
from journeyfold.core.condition_scope import STRING, list_of
from journeyfold.core.condition_typed import Apply, Const, Expr

if TYPE_CHECKING:
    from journeyfold.core.condition_types import Checker

Levels: TypeAlias = Mapping[tuple[str, ...], Mapping[int, Mapping[str, str]]]
"""Path of a field → level → value → its ancestor there."""

_LEVEL = re.compile(r"l([1-9]\d?)")


def at_level(checker: Checker, node: Path) -> Expr | None:
    """None for any other path."""
    found = _LEVEL.fullmatch(node.path[-1]) if len(node.path) > 1 else None
    tree = checker.scope.levels.get((node.root, *node.path[:-1])) if found else None
    if found is None or tree is None:
        return None
    ancestors = tree.get(int(found[1]))
    if ancestors is None:
        checker.fail(
            node, "J104", f"there is no level {found[1]}", f"the tree has {len(tree)}, from l1 on"
        )
    flat = tuple(text for pair in sorted(ancestors.items()) for text in pair)
    of = typed_path(checker, Path(node.root, node.path[:-1]))
    return Apply(STRING, "level", (of, Const(list_of(STRING), flat)))
