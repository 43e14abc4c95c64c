"""Where everything comes from and goes to, from the definitions (quality Q40)."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.project.check import check
from journeyfold.project.lineage import Edge, Graph, Node
from journeyfold.project.lineage_of import lineage_of
from journeyfold.project.load import load, read_directory
from journeyfold.quality.registry import load_registry
from journeyfold.sources.columns import columns_used

TEMPLATES = Path(__file__).resolve().parents[2] / "src/journeyfold/project/templates"
CRM = """kind: import
owner: crm@example.com
purposes: [functional, marketing]
read: {csv: crm.csv, types: {at: timestamp, spent: float}}
map: [{when: row.kind == "order", event: Order Completed}, {type: identify}]
fields:
  id: [id]
  occurred: row.at
  identifiers: {email: row.mail}
  properties: {total: row.spent}
  traits: {city: row.town}
columns: [{from: born, to: traits.birth_date, purposes: [functional]}]
"""
SHOP = """kind: import
read: {csv: shop.csv, types: {at: timestamp}}
map: [{type: identify}]
fields:
  occurred: row.at
  identifiers: {email: row.mail}
  traits: {city: row.place}
"""


TEXT = {"type": "string"}


def schema(name, type_="track", **properties):
    return json.dumps(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": name,
            "x-journeyfold": {"type": type_, "version": 1, "owner": "crm@example.com"},
            "type": "object",
            "properties": properties,
        }
    )


FILES = {
    "schemas/order_completed.1.json": schema("Order Completed", total={"type": "number"}),
    "schemas/identify.1.json": schema("Identify", "identify", city=TEXT, birth_date=TEXT),
    "journeyfold.yaml": "name: shop\n",
    "sources/crm.yaml": CRM,
    "sources/shop.yaml": SHOP,
    "features.yaml": 'features:\n  spent: {value: \'sum("Order Completed", "total", within="30d")\'}\n',
    "segments/base.yaml": (
        "segments:\n"
        "  - {id: rich, when: features.spent > 100}\n"
        '  - {id: local, when: \'traits.city == "Bonn" and in_segment("rich")\'}\n'
        "  - {id: grown, when: 'traits.birth_date is not None and features.spent > 1'}\n"
    ),
    "destinations/crm.yaml": (
        "type: file\npath: out.csv\n"
        "syncs: [{id: local, from: {segment: local}, key: traits.city, map: {c: traits.city}}]\n"
    ),
}


@pytest.fixture(scope="module")
def project():
    made = load(FILES)
    assert not [each for each in check(made) if each.severity == "error"]
    return made


@pytest.fixture(scope="module")
def graph(project):
    return lineage_of(project)


def up(graph, asked):
    (node,) = graph.find(asked)
    return {each.id for each in graph.look(node).up}


def down(graph, asked):
    (node,) = graph.find(asked)
    return {each.id for each in graph.look(node).down}


def test_a_destination_leads_back_to_the_columns_of_its_sources(graph):
    assert up(graph, "destination:crm") >= {
        "segment:local", "segment:rich", "feature:spent", "property:Order Completed/total",
        "field:crm/spent", "field:crm/town", "field:shop/place", "trait:city", "source:crm",
    }  # fmt: skip


def test_a_column_leads_on_to_everything_that_is_made_of_it(graph):
    assert down(graph, "field:crm/spent") == {
        "property:Order Completed/total", "property:Identify/total", "feature:spent", "segment:rich", "segment:local",
        "segment:grown", "destination:crm",
    }  # fmt: skip


def test_what_names_the_event_is_read_for_the_event(graph):
    assert Edge(Node("field", "crm/kind"), Node("event", "Order Completed")) in graph.edges


def test_what_one_of_two_sources_supplies_does_not_break_without_it(graph):
    (town,) = graph.find("field:crm/town")
    assert graph.lost_without(town) == frozenset()


def test_what_needs_a_value_that_nobody_else_supplies_breaks(graph):
    (spent,) = graph.find("field:crm/spent")
    lost = {node.id for node in graph.lost_without(spent)}
    assert {"feature:spent", "segment:rich", "destination:crm"} <= lost


def test_purposes_are_what_all_inputs_have_in_common(graph):
    (born,) = graph.find("field:crm/born")
    (grown,) = graph.find("segment:grown")
    (rich,) = graph.find("segment:rich")
    assert graph.look(born).purposes == ("functional",)
    assert graph.look(grown).purposes == ("functional",)
    assert graph.look(rich).purposes == ("functional", "marketing")


def test_what_no_input_restricts_is_not_restricted(graph):
    (place,) = graph.find("field:shop/place")
    assert graph.look(place).purposes is None


def test_a_name_is_found_with_and_without_its_kind(graph):
    assert graph.find("trait:city") == graph.find("city")
    assert [node.id for node in graph.find("town")] == ["field:crm/town"]
    assert graph.find("nothing") == []


# -- complete by construction ---------------------------------------------------------------------


def shipped():
    return sorted(each.name for each in TEMPLATES.iterdir() if (each / "journeyfold.yaml").exists())


@pytest.fixture(scope="module", params=shipped())
def template(request):
    return load(read_directory(TEMPLATES / request.param))


def test_every_column_that_a_mapping_reads_is_there(template):
    ids = {node.id for node in lineage_of(template).nodes}
    for name, source in template.sources.items():
        if source.map:
            assert {f"field:{name}/{column}" for column in columns_used(source)} <= ids


def test_every_property_that_a_schema_declares_is_there(template):
    names = {node.name.rpartition("/")[2] for node in lineage_of(template).nodes}
    for schema in load_registry(template.schemas).schemas:
        assert schema.declared <= names


def test_every_trait_and_feature_that_a_file_names_lies_before_its_definition(template):
    """Read here from the text, there from the tree."""
    graph, seen = lineage_of(template), 0
    for path, text in template.files.items():
        folder, _, rest = path.partition("/")
        if folder not in {"journeys", "offers", "placements"} or not path.endswith(".yaml"):
            continue
        (node,) = graph.find(f"{folder[:-1]}:{rest.removesuffix('.yaml')}")
        before = {each.id for each in graph.look(node).up}
        said = "\n".join(line.partition(" #")[0] for line in text.splitlines() if line[:1] != "#")
        for root, name in re.findall(r"\b(traits|features)\.(\w+)", said):
            seen += 1
            assert f"{root[:-1]}:{name}" in before, f"{path} reads {root}.{name}"
        for segment in re.findall(r'in_segment\("(\w+)"\)', said):
            assert f"segment:{segment}" in before
    assert seen or "journeys" not in {path.partition("/")[0] for path in template.files}


NODES = st.sampled_from(
    [Node(kind, name) for kind in ("field", "trait", "segment", "journey") for name in "abc"]
)


@given(st.lists(st.tuples(NODES, NODES), max_size=25), st.data())
def test_up_and_down_are_two_readings_of_the_same_edges(pairs, data):
    graph = Graph((), [Edge(*pair) for pair in pairs if pair[0] != pair[1]], {})
    for node in graph.nodes:
        for other in graph.look(node).down:
            (there,) = graph.find(other.id)
            assert node.id in {each.id for each in graph.look(there).up}


@given(
    st.lists(st.tuples(NODES, NODES), max_size=25),
    st.dictionaries(NODES, st.frozensets(st.sampled_from("xyz"))),
)
def test_what_declares_nothing_may_be_used_for_no_more_than_any_of_its_inputs(pairs, allowed):
    graph = Graph((), [Edge(*pair) for pair in pairs if pair[0] != pair[1]], allowed)
    for edge in graph.edges:
        if edge.target in allowed:
            continue
        given_, had = graph.purposes[edge.source], graph.purposes[edge.target]
        assert given_ is None or (had is not None and set(had) <= set(given_))


def test_what_a_trait_says_of_itself_stands_in_place_of_what_its_source_says_of_all():
    source, event, trait = Node("source", "web"), Node("event", "Identify"), Node("trait", "email")
    allowed = {source: frozenset({"analytics"}), trait: frozenset({"necessary"})}
    graph = Graph((), [Edge(source, event), Edge(event, trait)], allowed)
    assert graph.purposes[event] == ("analytics",)
    assert graph.purposes[trait] == ("necessary",)


def test_what_a_column_says_of_itself_narrows_the_trait_it_becomes():
    column, trait = Node("field", "crm/mail"), Node("trait", "email")
    allowed = {column: frozenset({"necessary"}), trait: frozenset({"necessary", "marketing"})}
    assert Graph((), [Edge(column, trait)], allowed).purposes[trait] == ("necessary",)
