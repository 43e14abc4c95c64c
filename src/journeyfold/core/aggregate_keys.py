"""Which aggregates a set of definitions needs, and under which keys they are kept.

Equal functions share storage, kept for the largest window of all (segments F1). Windows are
rounded up to a few classes, so that a small change of a window needs no back-fill; a larger class
is another key, hence another aggregate that a back-fill has to fill first (segments B2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from journeyfold.core.aggregate import LETTERS
from journeyfold.core.condition_typed import Chain, Expr, Figure, Recent, Spec, walk
from journeyfold.core.instant import DAY_US

CLASSES_DAYS = (1, 7, 31, 92, 366, 732, 1830, 3660)


class AggregateKeys(msgspec.Struct, frozen=True):
    """`keys` maps (what is kept, whether in a window) to the storage key."""

    keys: Mapping[tuple[Spec, bool], str]

    def of(self, expr: Figure | Chain | Recent) -> str:
        return self.keys[expr.spec, _is_windowed(expr)]

    def entries(self) -> list[tuple[str, Spec]]:
        """Every aggregate once, in the order of its key."""
        return sorted(
            ((key, spec) for (spec, _), key in self.keys.items()), key=lambda entry: entry[0]
        )


def keys_of(exprs: Iterable[Expr]) -> AggregateKeys:
    """The keys for all event functions in these definitions."""
    widest: dict[tuple[Spec, bool], int] = {}
    for expr in exprs:
        for part in walk(expr):
            if isinstance(part, Figure):
                slot = part.spec, _is_windowed(part)
                widest[slot] = max(widest.get(slot, 0), part.within_us or 0)
            elif isinstance(part, Chain | Recent):
                widest[part.spec, False] = 0
    return AggregateKeys({slot: _key(slot[0], width) for slot, width in widest.items()})


def _is_windowed(expr: Figure | Chain | Recent) -> bool:
    return isinstance(expr, Figure) and expr.within_us is not None


def _key(spec: Spec, width_us: int) -> str:
    days = -(-width_us // DAY_US)
    kept = next((size for size in CLASSES_DAYS if size >= days), days) if days else spec.keep
    steps = [(step.events, step.where_text) for step in spec.steps]
    canonical = msgspec.json.encode(
        (spec.kind, spec.events, spec.path, spec.where_text, spec.fields, steps)
    )
    digest = blake2b(canonical, digest_size=8).hexdigest()
    return f"{LETTERS[spec.kind]}{kept or ''}.{digest}"
