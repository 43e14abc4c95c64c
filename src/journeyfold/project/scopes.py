"""What a condition of this project may name, and of which types (segments C4 to C6).

Traits come from the identify schemas, properties from the schema of the event's name; later
versions add to earlier ones. Events that journeyfold itself knows need no schema.
"""

from __future__ import annotations

from collections.abc import Mapping

from journeyfold.core.condition_scope import (
    BOOL,
    CONTEXT_TYPE,
    INT,
    STRING,
    Scope,
    Type,
    object_of,
    type_of_schema,
)
from journeyfold.decide.definition import CONTEXT
from journeyfold.project.cleaning import cleaned_types, levels_of
from journeyfold.project.model import Project
from journeyfold.quality.registry import Registry

_OFFER = object_of(
    {
        **dict.fromkeys(("receipt", "decision_id", "placement", "offer", "variant"), STRING),
        "rank": INT,
    }
)
_TOLD = dict.fromkeys(
    ("message", "journey", "version", "instance", "step", "channel", "template", "gate",
     "reason", "transport", "destination", "link"),
    STRING,
)  # fmt: skip
_MESSAGE = object_of({**_TOLD, "machine": BOOL})
MESSAGE_EVENTS = tuple(
    f"message.{what}"
    for what in (
        "sent", "failed", "skipped", "unknown", "delivered", "opened", "clicked", "bounced",
        "complained", "unsubscribed",
    )
)  # fmt: skip
"""What became of a message, as events of its person (journeys A1, A13, A14)."""
BUILT_IN_EVENTS: dict[str, Type] = {
    **dict.fromkeys(("Offer Shown", "Offer Clicked", "Offer Dismissed", "Offer Accepted"), _OFFER),
    **dict.fromkeys(
        ("Identify", "Page", "Screen", "Group", "Alias", "Consent Updated"),
        Type("object", fields=()),
    ),
    **dict.fromkeys(MESSAGE_EVENTS, _MESSAGE),
}
"""Names every project knows; a schema of the same name says more."""


def event_types(registry: Registry) -> dict[str, Type]:
    """Event name → type of its properties. An identify event's traits are no properties."""
    found = dict(BUILT_IN_EVENTS)
    for schema in registry.schemas:
        if schema.type != "identify":
            declared = type_of_schema(schema.document)
            found[schema.name] = _joined(found.get(schema.name), declared)
    return found


def trait_type(registry: Registry) -> Type:
    found = Type("object", fields=())
    for schema in registry.schemas:
        if schema.type == "identify":
            found = _joined(found, type_of_schema(schema.document))
    return found


def context_type(project: Project) -> Type:
    """The built-in context and what any placement adds; a conflict between placements is `any`."""
    added: dict[str, Type] = {}
    for placement in project.placements.values():
        for name, kind in placement.context.items():
            if name not in CONTEXT:
                same = added.setdefault(name, Type(kind)) == Type(kind)
                added[name] = Type(kind) if same else Type("any")
    return object_of({**dict(CONTEXT_TYPE.fields or ()), **added})


def project_scope(project: Project, registry: Registry) -> Scope:
    """What `bind` needs to know before features and segments name themselves."""
    made = cleaned_types(project)
    events = event_types(registry)
    return Scope(
        traits=_made(trait_type(registry), "traits", made),
        context=context_type(project),
        events={name: _made(kind, "properties", made) for name, kind in events.items()},
        purposes=frozenset(project.settings.privacy.known),
        levels=levels_of(project),
        retention_us=project.settings.retention.raw_us,
    )


def _made(declared: Type, root: str, made: Mapping[tuple[str, str], Type]) -> Type:
    """Fields that are declared, with the type that cleaning gives them."""
    if not made or not declared.fields:
        return declared
    return object_of({name: made.get((root, name), kind) for name, kind in declared.fields})


def _joined(before: Type | None, declared: Type) -> Type:
    if before is None or declared.name != "object" or declared.fields is None:
        return declared
    return object_of({**dict(before.fields or ()), **dict(declared.fields)})
