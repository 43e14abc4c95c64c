"""What other rules of identity.yaml would have made of everybody: merges, splits, changed limits.

Both histories were told to their end; who is who in one is compared with who is who in the other,
over the identifiers that both know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from journeyfold.core.event import Identifier
from journeyfold.core.ports import StateReader
from journeyfold.identity.resolve import Resolver
from journeyfold.identity.rules import IdentityRules, Limit
from journeyfold.project.plan_report import IdentityChange, Regrouped

EXAMPLES = 5
_SHOWN = 6  # identifiers of one example


def identity_change(
    before: IdentityRules, after: IdentityRules, old: StateReader, new: StateReader, key: bytes
) -> IdentityChange | None:
    """None where the rules are the same."""
    if before == after:
        return None
    was, is_ = _people(old, before, key), _people(new, after, key)
    merged, parted = _regrouped(was, is_), _regrouped(is_, was)
    return IdentityChange(
        merges=len(merged), splits=len(parted), lost=len(was.keys() - is_.keys()),
        gained=len(is_.keys() - was.keys()), limits=tuple(_limits(before, after)),
        examples=tuple(
            [Regrouped("merged", each) for each in merged[:EXAMPLES]]
            + [Regrouped("split", each) for each in parted[:EXAMPLES]]
        ),
    )  # fmt: skip


def _people(reader: StateReader, rules: IdentityRules, key: bytes) -> dict[Identifier, str]:
    resolver = Resolver(rules, key, reader)
    found: dict[Identifier, str] = {}
    for node, _ in reader.scan("id_node"):
        identifier, person = resolver.identifier(node), resolver.person_of(node)
        if identifier is not None and person is not None:
            found[identifier] = person
    return found


def _regrouped(
    apart: Mapping[Identifier, str], together: Mapping[Identifier, str]
) -> list[tuple[tuple[str, ...], ...]]:
    """Who are one person `together` and several `apart`: the identifiers of each part."""
    groups: dict[str, dict[str, list[str]]] = {}
    for identifier, person in sorted(together.items()):
        if identifier in apart:
            parts = groups.setdefault(person, {})
            name = f"{identifier.kind}:{identifier.value}"
            parts.setdefault(apart[identifier], []).append(name)
    return [
        tuple(sorted(tuple(part[:_SHOWN]) for part in parts.values()))
        for _, parts in sorted(groups.items())
        if len(parts) > 1
    ]


def _limits(before: IdentityRules, after: IdentityRules) -> Iterator[str]:
    """Limits that are others now, in words."""
    for name in sorted({*before.by_name, *after.by_name}):
        was, is_ = before.by_name.get(name), after.by_name.get(name)
        if was is None or is_ is None:
            yield f"{name}: {'new' if was is None else 'gone'}"
            continue
        if was.bound != is_.bound:
            yield f"{name}: {_said(was.bound)} → {_said(is_.bound)}"
        if was.hub != is_.hub:
            yield f"{name}: hub {was.hub} → {is_.hub}"
    if before.max_nodes != after.max_nodes:
        yield f"identifiers of one person: {before.max_nodes} → {after.max_nodes}"


def _said(limit: Limit) -> str:
    parts = [f"{limit.ever} ever"] if limit.ever is not None else []
    if limit.count is not None:
        parts.append(f"{limit.count} in {limit.within}")
    return " and ".join(parts)
