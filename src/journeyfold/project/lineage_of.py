"""The lineage of a project, from its definitions (quality Q40). Pure.

Complete by construction: every column a mapping reads, every property a schema declares and every
condition, template and target of every definition is walked, as check and compile walk them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from journeyfold.core.event import Json
from journeyfold.journey.conditions import conditions_of
from journeyfold.journey.control import ASKED
from journeyfold.journey.definition import Journey
from journeyfold.project.conditions import decision_paths
from journeyfold.project.lineage import Edge, Graph, Node
from journeyfold.project.lineage_reads import reads_of, reads_of_template
from journeyfold.project.model import Project
from journeyfold.project.outward import asked_of
from journeyfold.quality.registry import Registry, load_registry
from journeyfold.sources.change import columns_read
from journeyfold.sources.columns import columns_used
from journeyfold.sources.inventory import Source
from journeyfold.sources.mapping import NAMES
from journeyfold.sources.presets import with_preset
from journeyfold.sources.recipe import Fields

_ROOTS = {"properties": "property", "traits": "trait", "identifiers": "identifier"}


def lineage_of(project: Project, registry: Registry | None = None) -> Graph:
    """The graph of everything a checked project defines."""
    registry = registry or load_registry(project.schemas)
    declared = list(_of_schemas(registry))
    edges = list(_of_sources(project, registry))
    if any(is_unmapped(with_preset(each)) for each in project.sources.values()):
        edges += declared  # it is sent as it is declared
    edges += [*_of_people(project), *_of_decisions(project), *_of_journeys(project)]
    edges += [*_of_messages(project), *_of_destinations(project, registry)]
    nodes = [*_defined(project), *(edge.target for edge in declared)]
    return Graph(nodes, edges, _allowed(project, registry))


def is_unmapped(source: Source) -> bool:
    """It sends messages, and whatever a schema declares may be in them."""
    return not source.map and not source.columns


def _defined(project: Project) -> Iterator[Node]:
    """Also what nothing reads and nothing is read by."""
    for kind in ("source", "feature", "segment", "lifecycle", "offer", "placement", "journey"):
        names: Iterable[str] = getattr(project, f"{kind}s")
        yield from (Node(kind, name) for name in names)
    yield from (Node("destination", name) for name in project.destinations)
    yield from (Node("message", name) for name in project.messages)


def _into(target: Node, reads: Iterable[Node]) -> Iterator[Edge]:
    return (Edge(each, target) for each in reads if each != target)


# -- what comes in --------------------------------------------------------------------------------


def _of_sources(project: Project, registry: Registry) -> Iterator[Edge]:
    for name, written in project.sources.items():
        source, here = with_preset(written), Node("source", name)
        if is_unmapped(source):
            for event in sorted({*registry.event_names, *NAMES.values()}):
                yield Edge(here, Node("event", event))
            continue
        columns = list(columns_read(source)) if source.kind == "cdc" else columns_used(source)
        for column in columns:
            yield Edge(here, Node("field", f"{name}/{column}"))
        yield from _of_mapping(name, source)


def _of_mapping(name: str, source: Source) -> Iterator[Edge]:
    events = _events_of(source)
    for branch in source.map:
        event = branch.event or NAMES.get(branch.type, "")
        if event:
            yield Edge(Node("source", name), Node("event", event))
        for column in _columns(source, branch.when):
            for each in events:
                yield Edge(Node("field", f"{name}/{column}"), Node("event", each))
    fields = source.fields or Fields()
    for column in {*fields.id, *source.group, *_columns(source, fields.occurred)}:
        for each in events:
            yield Edge(Node("field", f"{name}/{column}"), Node("event", each))
    for root in ("properties", "traits", "identifiers"):
        for key, text in getattr(fields, root).items():
            for column in _columns(source, text):
                for target in _targets(root, key, events):
                    yield Edge(Node("field", f"{name}/{column}"), target)
    for key, text in fields.context.items():
        for column in _columns(source, text):
            yield Edge(Node("field", f"{name}/{column}"), Node("context", key))
    for column_of in source.columns:
        root, _, key = column_of.to.partition(".")
        targets = _targets(root, key, events) if key else (Node("event", each) for each in events)
        for target in targets:
            yield Edge(Node("field", f"{name}/{column_of.source}"), target)


def _events_of(source: Source) -> list[str]:
    named = {branch.event or NAMES.get(branch.type, "") for branch in source.map}
    if source.kind == "cdc" and source.read is not None and source.read.postgres is not None:
        named.add(source.read.postgres.deleted)
    return sorted(named - {""})


def _targets(root: str, key: str, events: list[str]) -> Iterator[Node]:
    if root == "properties":
        yield from (Node("property", f"{event}/{key}") for event in events)
    elif root == "traits":
        yield Node("trait", key)
    elif root == "identifiers":
        yield Node("identifier", key)


def _columns(source: Source, field: Json) -> list[str]:
    """The columns that one text, or one tree of texts, of the mapping reads."""
    if field is None:
        return []
    only = Fields(properties={"value": field})  # type: ignore[dict-item]
    alone = msgspec.structs.replace(
        source, map=(), fields=only, columns=(), group=(), cursor=None, preset=None
    )
    return list(columns_read(alone)) if source.kind == "cdc" else columns_used(alone)


def _of_schemas(registry: Registry) -> Iterator[Edge]:
    for schema in registry.schemas:
        event = NAMES.get(schema.type, schema.name)
        for name in schema.declared:
            is_trait = schema.type == "identify"
            target = Node("trait", name) if is_trait else Node("property", f"{event}/{name}")
            yield Edge(Node("event", event), target)


# -- what is known of people ----------------------------------------------------------------------


def _of_people(project: Project) -> Iterator[Edge]:
    for name, feature in project.features.items():
        here = Node("feature", name)
        for text in (feature.value, feature.quintile):
            if text is not None:
                yield from _into(here, reads_of(text))
        recent = (feature.recent,) if isinstance(feature.recent, str) else feature.recent or ()
        for event in recent:
            yield Edge(Node("event", event), here)
            for field in feature.fields:
                yield Edge(Node("property", f"{event}/{field.partition('.')[0]}"), here)
    for name, segment in project.segments.items():
        here = Node("segment", name)
        if segment.when is not None:
            yield from _into(here, reads_of(segment.when))
        if segment.identifier is not None:
            yield Edge(Node("identifier", segment.identifier), here)
        if segment.goal is not None:
            yield Edge(Node("event", segment.goal.event), here)
    for name, lifecycle in project.lifecycles.items():
        for stage in lifecycle.stages:
            yield from _into(Node("lifecycle", name), reads_of(stage.when))


# -- what is decided ------------------------------------------------------------------------------


def _of_decisions(project: Project) -> Iterator[Edge]:
    for _, kind, name, _, text in decision_paths(project):
        here = Node("offer", name) if kind == "offer" else Node("placement", name)
        yield from _into(here, reads_of(text))
    for name, offer in project.offers.items():
        for variant in offer.variants:
            for text in _texts(variant.content):
                yield from _into(Node("offer", name), reads_of_template(text))
    for name, placement in project.placements.items():
        here, chosen = Node("placement", name), placement.offers
        named = {*chosen.ids, *(rule.offer for rule in placement.rank.rules)}
        named |= {placement.default.offer} if placement.default else set()
        for offer_name, offer in project.offers.items():
            if offer_name in named or (offer.category and offer.category in chosen.categories):
                yield Edge(Node("offer", offer_name), here)
        if placement.trigger is not None:
            yield Edge(Node("segment", placement.trigger.entered), here)
        if placement.objective is not None:
            yield Edge(Node("event", placement.objective.event), here)
        for key in placement.context:
            yield Edge(Node("context", key), here)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


# -- what is done ---------------------------------------------------------------------------------


def _of_journeys(project: Project) -> Iterator[Edge]:
    for name, journey in project.journeys.items():
        here = Node("journey", name)
        entered = tuple(
            ASKED if entry.api else entry.event for entry in journey.entry if entry.event or entry.api
        )  # fmt: skip
        for asked in conditions_of(journey):
            events = (asked.event,) if asked.event else tuple(each for each in entered if each)
            yield from _into(here, reads_of(asked.text, events))
        yield from _into(here, _started_by(journey))
        yield from _of_steps(project, journey, here)


def _started_by(journey: Journey) -> Iterator[Node]:
    for entry in journey.entry:
        if entry.event is not None:
            yield Node("event", entry.event)
        if entry.segment is not None:
            yield Node("segment", entry.segment.id)
        if entry.stage is not None:
            yield Node("lifecycle", entry.stage.lifecycle)
        if entry.schedule is not None:
            yield Node("segment", entry.schedule.audience)
    for each in (*journey.exit, journey.goal):
        if each is not None and each.event is not None:
            yield Node("event", each.event)


def _of_steps(project: Project, journey: Journey, here: Node) -> Iterator[Edge]:
    for step in journey.steps:
        for awaited in step.wait_for.events if step.wait_for else ():
            yield Edge(Node("event", awaited.event), here)
        if step.decide is not None:
            yield Edge(Node("placement", step.decide.placement), here)
        for trait in step.update.traits if step.update else ():
            yield Edge(here, Node("trait", trait))
        if step.webhook is not None:
            yield Edge(here, Node("destination", step.webhook.destination))
            body = project.templates.get(step.webhook.payload or "", "")
            yield from _into(here, reads_of_template(body))
        if step.send is None:
            continue
        send = step.send
        stages = [each for key, each in send.by_stage.items() if key != "lifecycle" and each]
        if send.by_stage:
            yield Edge(Node("lifecycle", str(send.by_stage["lifecycle"])), here)
        for message in [send.template, *stages]:
            if message is not None:
                yield Edge(Node("message", message), here)
        carriers = [n for n, each in project.destinations.items() if each.channel == send.channel]
        for carrier in [send.destination] if send.destination else carriers:
            yield Edge(here, Node("destination", carrier))


def _of_messages(project: Project) -> Iterator[Edge]:
    for name, message in project.messages.items():
        texts = [message.subject, message.preheader, message.sender, message.reply_to]
        texts += [text for path, text in project.bodies.items() if path.startswith(f"{name}/")]
        for text in texts:
            yield from _into(Node("message", name), reads_of_template(text))


def _of_destinations(project: Project, registry: Registry) -> Iterator[Edge]:
    every = tuple(sorted(registry.event_names))
    for asked in asked_of(project):
        events = every if asked.event == "*" else (asked.event,) if asked.event else ()
        yield from _into(Node("destination", asked.destination), reads_of(asked.text, events))
    for name, destined in project.destinations.items():
        here = Node("destination", name)
        for forward in destined.events:
            for event in every if forward.event == "*" else (forward.event,):
                yield Edge(Node("event", event), here)
                if not forward.map:  # the whole event is said
                    for schema in registry.schemas:
                        if schema.name == event and schema.type != "identify":
                            for key in schema.declared:
                                yield Edge(Node("property", f"{event}/{key}"), here)
        for sync in destined.syncs:
            if sync.audience.segment is not None:
                yield Edge(Node("segment", sync.audience.segment), here)


# -- what it may be used for ----------------------------------------------------------------------


def _allowed(project: Project, registry: Registry) -> dict[Node, frozenset[str]]:
    """Where purposes are declared: by columns, sources and properties of schemas."""
    found: dict[Node, frozenset[str]] = {}
    for name, source in project.sources.items():
        if source.purposes:
            found[Node("source", name)] = frozenset(source.purposes)
        for column in source.columns:
            if column.purposes is not None:
                found[Node("field", f"{name}/{column.source}")] = frozenset(column.purposes)
    for schema in registry.schemas:
        if schema.purposes:
            found[Node("event", NAMES.get(schema.type, schema.name))] = frozenset(schema.purposes)
        properties = schema.document.get("properties")
        for key, each in properties.items() if isinstance(properties, dict) else ():
            said = each.get("x-purposes") if isinstance(each, dict) else None
            if isinstance(said, list):
                is_trait = schema.type == "identify"
                event = NAMES.get(schema.type, schema.name)
                node = Node("trait", key) if is_trait else Node("property", f"{event}/{key}")
                found[node] = frozenset(map(str, said)) & found.get(node, frozenset(map(str, said)))
    return found
