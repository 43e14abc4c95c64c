"""Names of other vocabularies mean what our own do (quality Q16)."""

import msgspec
import pytest

from journeyfold.project.load import load
from journeyfold.quality.aliases import unaliased
from journeyfold.quality.rule import Ruleset

MEANT = [
    ({"not_null": "email"}, {"completeness": "email"}),
    ({"unique": "id"}, {"unique": ["id"]}),
    ({"unique": ["id", "day"]}, {"unique": ["id", "day"]}),
    ({"accepted_values": {"column": "c", "values": ["a"]}}, {"in": {"column": "c", "values": ["a"]}}),
    ({"relationships": {"column": "sku", "to": "catalog", "field": "sku"}}, {"references": {"column": "sku", "to": "catalog.sku"}}),
    ({"IsComplete": "email"}, {"completeness": "email"}),
    ({"IsUnique": "id"}, {"unique": ["id"]}),
    ({"ColumnValues": {"column": "c", "in": ["a"]}}, {"in": {"column": "c", "values": ["a"]}}),
    ({"ColumnValues": {"column": "c", "between": [0, 9]}}, {"range": {"column": "c", "min": 0, "max": 9}}),
    ({"ColumnValues": {"column": "c", "matches": "[a-z]+"}}, {"matches": {"column": "c", "pattern": "[a-z]+"}}),
    ({"ReferentialIntegrity": {"column": "sku", "to": "catalog.sku"}}, {"references": {"column": "sku", "to": "catalog.sku"}}),
    ({"DataFreshness": "24h"}, {"freshness": {"expected": "24h"}}),
    ({"RowCount": {"min": 1, "max": 9}}, {"rows": {"min": 1, "max": 9}}),
    ({"RowCount": {"between": [1, 9]}}, {"rows": {"min": 1, "max": 9}}),
    ({"RowCount": 9}, {"rows": {"min": 9, "max": 9}}),
    ({"AggregateMatch": {"with": "erp", "by": ["day"], "sum": "total"}}, {"reconcile": {"with": "erp", "by": ["day"], "sum": "total"}}),
]  # fmt: skip


@pytest.mark.parametrize(("alias", "own"), MEANT, ids=[next(iter(a)) + str(n) for n, (a, _) in enumerate(MEANT)])  # fmt: skip
def test_an_alias_is_the_rule_it_means(alias, own):
    made = unaliased({"dataset": "d", "rules": [{"id": "r", **alias, "min": 0.9}]})
    assert msgspec.convert(made, Ruleset) == msgspec.convert(
        {"dataset": "d", "rules": [{"id": "r", **own, "min": 0.9}]}, Ruleset
    )


@pytest.mark.parametrize("value", [7, None, {"rules": 3}, {"rules": [7, {"not_null": 3}]}])
def test_what_is_no_alias_stays_as_it_is(value):
    assert unaliased(value) == value


def test_a_project_may_be_written_in_them():
    text = "dataset: crm\nrules: [{id: there, not_null: email}, {id: once, unique: id}]\n"
    project = load(
        {
            "journeyfold.yaml": "name: shop\n",
            "sources/crm.yaml": "kind: server\n",
            "quality/crm.yaml": text,
        }
    )
    assert [rule.key for rule in project.quality["quality/crm.yaml"].rules] == [
        "completeness",
        "unique",
    ]
