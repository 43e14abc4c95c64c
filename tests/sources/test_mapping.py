"""Rows to events (collect C41); the file itself is somebody else's work."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.condition import ConditionError
from journeyfold.sources.columns import columns_used
from journeyfold.sources.inventory import Source
from journeyfold.sources.mapping import MappingError, compile_mapping

COLUMNS = {
    "id": "string", "who": "int", "at": "timestamp", "n": "int", "price": "float",
    "note": "string", "flag": "bool", "extra": "any", "tags": "list",
}  # fmt: skip
ROW = ("a1", 7, 1_000_000, 2, 1.1, "hello", True, {"deep": {"k": 3}}, [{"t": "x"}, {"t": "y"}])


def source(**keys):
    fields = {"id": ["id"], "occurred": "row.at", "identifiers": {"customer_id": "row.who"}}
    fields |= keys.pop("fields", {})
    base = {
        "source": "s", "kind": "import", "read": {"csv": "x"}, "map": [{"event": "Seen"}],
        "fields": fields,
    }  # fmt: skip
    return msgspec.convert(base | keys, Source)


def mapped(rows=(ROW,), **keys):
    return compile_mapping(source(**keys), COLUMNS, "f" * 64, 9).map(1, list(rows))


def value(expression, rows=(ROW,)):
    return mapped(rows, fields={"properties": {"x": expression}}).event.properties.get("x")


def row(**changes):
    return tuple(changes.get(name, old) for name, old in zip(COLUMNS, ROW, strict=True))


def test_an_event_has_the_parts_its_fields_name():
    event = mapped().event
    assert (event.id, event.name, event.type, event.source) == ("a1", "Seen", "track", "s")
    assert (event.occurred_us, event.received_us) == (1_000_000, 9)
    assert [(i.kind, i.value) for i in event.identifiers] == [("customer_id", "7")]
    assert event.context == {"auth": "import"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('"GBP"', "GBP"),
        ("row.n * row.price", 2.2),
        ("row.n + 1", 3),
        ("row.at", "1970-01-01T00:00:01Z"),
        ("row.note", "hello"),
        ("row.flag", True),
        ("as_int(row.extra.deep.k)", 3),
        ("row.extra.deep", {"k": 3}),
        ("row.extra.none.here", None),
        ("lower(row.note)", "hello"),
        ("length(row.note)", 5),
        ('contains(row.tags, "x") ', None),
        ('starts_with(row.note, "he") and row.n > 1', True),
        ("row.n in [1, 2]", True),
        ("not row.flag", False),
        ("hour(row.at)", 0),
        ("row.note is None", False),
        ("sum(rows, item.n * item.price)", 2.2),
        ("min(rows, item.at)", "1970-01-01T00:00:01Z"),
        ("any(rows, item.n == 2)", True),
        ("all(rows, item.n == 3)", False),
    ],
)
def test_an_expression_has_its_value(expression, expected):
    if expected is None and "tags" in expression:
        with pytest.raises(ConditionError):
            value(expression)
        return
    assert value(expression) == expected


def test_null_travels_through_and_is_left_out():
    empty = row(price=None, note=None)
    assert value("row.n * row.price", [empty]) is None
    assert value("lower(row.note)", [empty]) is None
    assert value("sum(rows, item.price)", [empty]) == 0


def test_kleene_logic_keeps_the_unknown():
    empty = row(note=None)
    assert value('row.note == "x" or row.n == 2', [empty]) is True
    assert value('row.note == "x" and row.n == 2', [empty]) is None
    assert value('row.note == "x" and row.n == 3', [empty]) is False
    assert value('any(rows, item.note == "x")', [empty]) is None


@given(
    st.lists(st.tuples(st.integers(-10_000, 10_000), st.integers(-100_000, 100_000)), max_size=30)
)
def test_a_sum_of_money_is_exact_in_any_order(lines):
    rows = [row(n=n, price=price / 1000) for n, price in lines] or [row(n=0)]
    exact = sum(n * price for n, price in lines) / 1000
    assert value("sum(rows, item.n * item.price)", rows) == pytest.approx(exact, abs=1e-9)
    assert value("sum(rows, item.n * item.price)", rows) == value(
        "sum(rows, item.n * item.price)", rows[::-1]
    )


def test_each_makes_a_list_of_objects_from_the_rows():
    made = mapped(
        [row(n=1), row(n=2)],
        fields={"properties": {"lines": {"each": "rows", "n": "item.n", "who": "row.who"}}},
    )
    assert made.event.properties == {"lines": [{"n": 1, "who": 7}, {"n": 2, "who": 7}]}


def test_each_goes_over_a_list_in_a_column_and_into_lists():
    fields = {
        "properties": {
            "lines": {
                "each": "rows",
                "n": "item.n",
                "tags": {"each": "row.tags", "t": "as_string(item.t)"},
            }
        }
    }
    made = mapped(fields=fields)
    assert made.event.properties["lines"] == [{"n": 2, "tags": [{"t": "x"}, {"t": "y"}]}]


def test_objects_nest():
    made = mapped(fields={"properties": {"a": {"b": {"c": "row.n"}}}})
    assert made.event.properties == {"a": {"b": {"c": 2}}}


def test_the_first_line_of_map_that_holds_names_the_event():
    ways = [
        {"when": "row.n > 5", "event": "Many"},
        {"when": "row.n > 1", "event": "Some"},
        {"otherwise": {"fate": "filtered", "reason": "few"}},
    ]
    assert mapped(map=ways).event.name == "Some"
    assert mapped([row(n=9)], map=ways).event.name == "Many"
    passed = mapped([row(n=1), row(n=1)], map=ways)
    assert (passed.fate, passed.reason, passed.rows) == ("filtered", "few", 2)


def test_an_unknown_condition_is_not_true():
    ways = [{"when": 'row.note == "x"', "event": "X"}]
    assert mapped([row(note=None)], map=ways).reason == "unmapped"


def test_an_id_of_several_columns_cannot_be_mistaken_for_another():
    keyed = {"fields": {"id": ["id", "note"]}}
    one, other = (
        mapped([row(id="a/b", note="c")], **keyed),
        mapped([row(id="a", note="b/c")], **keyed),
    )
    assert one.event.id != other.event.id


def test_an_instant_in_an_id_is_written_out():
    assert mapped(fields={"id": ["id", "at"]}).event.id == "a1/1970-01-01T00:00:01Z"


def test_an_id_above_a_hundred_characters_is_hashed():
    assert len(mapped([row(id="x" * 101)]).event.id) == 64


def test_without_key_columns_the_id_is_of_the_file_and_its_line():
    mapping = compile_mapping(source(fields={"id": []}), COLUMNS, "f" * 64, 9)
    ids = [mapping.map(line, [ROW]).event.id for line in (1, 2, 1)]
    assert ids[0] == ids[2] != ids[1]


def test_a_row_that_is_no_event_is_held_with_its_text():
    passed = mapped([row(who=None)])
    assert (passed.fate, passed.reason) == ("quarantined", "no_identity")
    assert '"id":"a1"' in passed.text


def test_columns_are_taken_over_one_to_one():
    columns = [{"from": "note", "to": "traits.motto"}, {"from": "id", "to": "identifiers.code"}]
    event = mapped(map=[{"type": "identify"}], columns=columns).event
    assert (event.name, event.traits) == ("Identify", {"motto": "hello"})
    assert [(i.kind, i.value) for i in event.identifiers] == [("customer_id", "7"), ("code", "a1")]


def test_the_columns_used_are_those_of_every_expression():
    used = source(
        map=[{"when": "row.flag", "event": "E"}],
        fields={
            "properties": {"x": {"each": "rows", "n": "item.n"}, "y": 'any(row.tags, item == "z")'}
        },
        cursor={"column": "at", "key": "id"},
    )
    assert set(columns_used(used)) == {"id", "at", "who", "flag", "n", "tags"}


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"fields": {"properties": {"x": "row.nope"}}}, "no column 'nope'; it has: id, who"),
        ({"fields": {"occurred": "row.note"}}, "not a timestamp; declare the column"),
        ({"fields": {"occurred": None}}, "when did it happen"),
        ({"fields": {"identifiers": {}}}, "whom does it belong to"),
        ({"fields": {"identifiers": {"k": "row.price"}}}, "ids are text or whole numbers"),
        ({"fields": {"properties": {"x": {"each": "row.n", "y": "item"}}}}, "is int, not a list"),
        ({"columns": [{"from": "note", "to": "nowhere.x"}]}, "begins with none of"),
    ],
)
def test_a_mapping_that_cannot_be_meant_is_one_sentence(keys, sentence):
    with pytest.raises(MappingError, match=sentence):
        mapped(**keys)


def test_a_person_is_not_there_yet():
    with pytest.raises(ConditionError, match="no person yet"):
        value('count("Seen")')
