"""What a value is in a column of a declared type, and what it is not."""

from datetime import UTC, datetime

import pytest

from journeyfold.activate.columns import CellError, cell, cells, columns_of

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "kind", "held"),
    [
        ("a", "text", "a"), (1, "text", "1"), (True, "text", "true"), ([1], "text", "[1]"),
        (1, "integer", 1), (1, "number", 1.0), (1.5, "number", 1.5), (True, "boolean", True),
        ("2026-01-02T13:00:00+01:00", "timestamp", NOON), ({"b": 1, "a": 2}, "json", '{"a":2,"b":1}'),
        (None, "integer", None), (None, "timestamp", None),
    ],
)  # fmt: skip
def test_a_value_is_held_as_its_column_says(value, kind, held):
    found = cell(value, kind)
    assert found == held
    assert type(found) is type(held)


@pytest.mark.parametrize(
    ("value", "kind"),
    [("1", "integer"), (1.0, "integer"), (True, "integer"), (True, "number"), ("x", "number"),
     (1, "boolean"), ("yes", "boolean"), ("noon", "timestamp"), (1, "timestamp")],
)  # fmt: skip
def test_a_value_of_another_type_is_no_cell(value, kind):
    with pytest.raises(CellError, match=f"is no {kind}"):
        cell(value, kind)


def test_an_error_names_its_column():
    with pytest.raises(CellError, match='total: "x" is no number'):
        cells({"total": "x"}, {"total": "number"})


def test_a_field_without_a_column_is_an_error_and_a_column_without_a_field_is_null():
    assert cells({}, {"total": "number"}) == {"total": None}
    with pytest.raises(CellError, match="there is no column 'other'"):
        cells({"other": None}, {"total": "number"})


@pytest.mark.parametrize(
    ("values", "kind"),
    [((1, 2), "integer"), ((1, 2.5), "number"), ((2.5, None, 1), "number"), ((1, "a"), "text"),
     ((True, False), "boolean"), ((True, 1), "text"), (([], {}), "json"), (([], "a"), "text"),
     ((None,), "text"), ((None, 1), "integer")],
)  # fmt: skip
def test_a_column_nobody_declared_is_the_narrowest_that_holds_its_values(values, kind):
    columns = columns_of([{"it": value} for value in values])
    assert columns == {"it": kind}
    for value in values:
        cells({"it": value}, columns)
