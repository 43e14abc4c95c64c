"""Suites of Great Expectations and Table Schema files become rules, once (quality Q16)."""

import json

import pytest

from journeyfold.cli.main import run
from journeyfold.project.load import load
from journeyfold.quality.suites import SuiteError, taken_over, text_of


def suite(*expectations):
    """As the tool writes it; the older form names the type otherwise."""
    return json.dumps(
        {"name": "orders", "expectations": [
            {"type": name, "kwargs": kwargs, "meta": {}} for name, kwargs in expectations
        ]}
    )  # fmt: skip


MEANT = [
    (("expect_column_values_to_not_be_null", {"column": "email", "mostly": 0.97}), {"id": "email-completeness", "completeness": "email", "min": 0.97}),
    (("expect_column_values_to_be_unique", {"column": "id"}), {"id": "id-unique", "unique": ["id"]}),
    (("expect_compound_columns_to_be_unique", {"column_list": ["id", "day"]}), {"id": "id-day-unique", "unique": ["id", "day"]}),
    (("expect_column_values_to_be_in_set", {"column": "c", "value_set": ["EUR", "USD"]}), {"id": "c-in", "in": {"column": "c", "values": ["EUR", "USD"]}}),
    (("expect_column_values_to_be_between", {"column": "n", "min_value": 0, "max_value": 9}), {"id": "n-range", "range": {"column": "n", "min": 0, "max": 9}}),
    (("expect_column_values_to_match_regex", {"column": "sku", "regex": "^[a-z]+"}), {"id": "sku-matches", "matches": {"column": "sku", "pattern": "(?s).*(?:^[a-z]+).*"}}),
    (("expect_column_value_lengths_to_be_between", {"column": "zip", "min_value": 4, "max_value": 5}), {"id": "zip-matches", "matches": {"column": "zip", "pattern": "(?s).{4,5}"}}),
    (("expect_column_values_to_be_of_type", {"column": "n", "type_": "int64"}), {"id": "n-type", "type": {"column": "n", "is": "integer"}}),
    (("expect_table_row_count_to_be_between", {"min_value": 1}), {"id": "rows", "rows": {"min": 1}}),
]  # fmt: skip


@pytest.mark.parametrize(("expectation", "rule"), MEANT, ids=[each[0][0] for each in MEANT])
def test_an_expectation_is_the_rule_it_means(expectation, rule):
    taken = taken_over(suite(expectation))
    assert (taken.rules, taken.left) == ((rule,), ())


LEFT = [
    (("expect_column_kl_divergence_to_be_less_than", {"column": "n"}), "no rule of the same meaning"),
    (("expect_column_values_to_be_between", {"column": "n", "min_value": 0, "strict_min": True}), "open bound"),
    (("expect_column_values_to_not_be_null", {"column": "n", "row_condition": "x > 1"}), "row_condition"),
    (("expect_column_values_to_be_of_type", {"column": "n", "type_": "blob"}), "names the type blob"),
    (("expect_column_values_to_be_unique", {}), "says no column"),
    (("expect_column_value_lengths_to_equal", {"column": "n", "value": 5000}), "more than 1,000"),
    (("expect_column_values_to_match_regex", {"column": "n", "regex": "(?=a)"}), "pattern"),
    (("expect_column_values_to_not_be_null", {"column": "a;b"}), "matching regex"),
]  # fmt: skip


@pytest.mark.parametrize(("expectation", "why"), LEFT, ids=range(len(LEFT)))
def test_what_is_not_taken_over_is_named_with_its_reason(expectation, why):
    taken = taken_over(suite(expectation))
    assert taken.rules == ()
    (left,) = taken.left
    assert left.startswith(expectation[0])
    assert why in left


TABLE = {
    "fields": [
        {"name": "sku", "type": "string", "constraints": {"required": True, "pattern": "[a-z]+"}},
        {"name": "mail", "type": "string", "format": "email"},
        {"name": "price", "type": "number", "constraints": {"minimum": 0}},
        {"name": "size", "type": "string", "constraints": {"enum": ["S", "no"], "maxLength": 2}},
        {"name": "place", "type": "geopoint"},
    ],
    "primaryKey": "sku",
    "foreignKeys": [{"fields": "size", "reference": {"resource": "sizes", "fields": "code"}}],
}


def test_a_table_schema_says_the_same_as_rules():
    taken = taken_over(json.dumps(TABLE))
    assert [rule["id"] for rule in taken.rules] == [
        "sku-completeness", "sku-matches", "mail-valid", "price-type", "price-range", "size-in",
        "size-matches", "sku-unique", "size-references",
    ]  # fmt: skip
    assert taken.left == ("place: type geopoint: has no rule of the same meaning",)
    assert (taken.key, taken.tables) == (("sku",), {"sizes": "tables/sizes.csv"})


def test_what_is_written_is_read_as_it_was_meant():
    text = text_of("crm", taken_over(json.dumps(TABLE)))
    files = {"journeyfold.yaml": "name: s\n", "sources/crm.yaml": "kind: server\n"}
    ruleset = load({**files, "quality/crm.yaml": text}).quality["quality/crm.yaml"]
    by_id = {rule.id: rule for rule in ruleset.rules}
    assert by_id["size-in"].one_of.values == ("S", "no")
    assert by_id["sku-matches"].matches.pattern == "[a-z]+"
    assert ruleset.tables == {"sizes": "tables/sizes.csv"}


@pytest.mark.parametrize("text", ["[]", "{", '{"rules": []}'])
def test_another_file_is_refused_in_a_sentence(text):
    with pytest.raises(SuiteError):
        taken_over(text)


def test_the_command_writes_a_file_and_never_over_one(tmp_path, capsys):
    assert run(["init", str(tmp_path / "shop")]) == 0
    file = tmp_path / "orders_suite.json"
    file.write_text(suite(MEANT[0][0], LEFT[0][0]))
    words = ["quality", "import", str(file), "--dataset", "shop_server"]
    words += ["--project", str(tmp_path / "shop")]
    capsys.readouterr()
    assert run(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 rule in ")
    assert "not taken over: expect_column_kl_divergence_to_be_less_than" in said
    assert run(["check", "--project", str(tmp_path / "shop")]) == 0
    assert run(words) == 64
    assert "is there already" in capsys.readouterr().err
