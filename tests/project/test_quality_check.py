"""Rules about data that cannot be meant, each found at its place (quality section 6)."""

import pytest

from journeyfold.core.errors import ProjectError
from journeyfold.project.check import check
from journeyfold.project.load import load

FILES = {
    "journeyfold.yaml": "name: shop\n",
    "sources/crm.yaml": "kind: server\n",
    "features.yaml": "features: {orders: {value: 'count(\"Order Completed\")'}}\n",
    "schemas/identify.1.json": """{"title": "Identify", "type": "object",
      "x-journeyfold": {"type": "identify", "version": 1, "purposes": ["analytics"]},
      "properties": {"email": {"type": "string"}}}""",
    "schemas/order.1.json": """{"title": "Order Completed", "type": "object",
      "x-journeyfold": {"type": "track", "version": 1, "purposes": ["analytics"]},
      "properties": {"total": {"type": "number"}, "currency": {"type": "string"}}}""",
}
HEAD = "dataset: events/Order Completed\nrules:\n  - {id: r, "


def found(text):
    try:
        return check(load(FILES | {"quality/orders.yaml": text}))
    except ProjectError as error:
        return list(error.problems)


SOUND = [
    HEAD + "completeness: total}",
    HEAD + "completeness: traits.email}",
    HEAD + "completeness: properties.currency}",
    HEAD + "completeness: identifiers.email}",
    HEAD + "completeness: event.source}",
    HEAD + "check: event.received >= event.occurred - '5m'}",
    HEAD + "check: properties.total > 0.0, when: 'properties.currency == \"EUR\"'}",
    HEAD + "freshness: {}}",
    HEAD + "near_unique: {column: currency}}",
    HEAD + "rows: {min: 1}}",
    HEAD + "anomaly: {metric: distribution, column: total}}",
    "dataset: crm\nrules: [{id: r, anomaly: {metric: quarantined}}]",
    "dataset: profiles\nrules: [{id: r, rows: {min: 1}}, {id: s, near_unique: {column: traits.email}}]",
    HEAD + "freshness: {expected: weekdays 06:00}}",
    "dataset: profiles\nrules: [{id: r, check: features.orders > 0}]",
    "dataset: crm\nrules: [{id: r, completeness: anything}]",
    "dataset: t\ntables: {t: tables/t.csv}\nrules: [{id: r, check: as_float(row.x) > 0.0}]",
]


@pytest.mark.parametrize("text", SOUND, ids=range(len(SOUND)))
def test_a_sound_rule_has_no_finding(text):
    assert found(text) == []


# what stands in the file, the text at the place of the finding, its code, words of the sentence
WRONG = [
    (HEAD + "completeness: totl}", "totl}", "P130", "unknown column 'totl'; did you mean 'total'?"),
    (HEAD + "completeness: traits.emial}", "traits.emial}", "P130", "did you mean 'traits.email'?"),
    (HEAD + "range: {column: tootal, min: 1}}", "tootal,", "P130", "unknown column 'tootal'"),
    (HEAD + "unique: [total, curency]}", "curency]", "P130", "did you mean 'currency'?"),
    (HEAD + "range: {column: total, min: 9, max: 1}}", "{column: total", "P114", "min 9.0 is above max 1.0"),
    (HEAD + "completeness: total, min: 1.5}", "1.5}", "P113", ""),
    (HEAD + "completeness: total, unique: [total]}", "{id: r", "P114", "a rule says one thing"),
    (HEAD + "rows: {min: 9, max: 1}}", "{min: 9", "P114", "rows: min 9 is above max 1"),
    (HEAD + "near_unique: {column: curency}}", "curency}", "P130", "did you mean 'currency'?"),
    (HEAD + "anomaly: {metric: quarantined}}", "{id: r", "P114", "state it of the source"),
    (HEAD + "anomaly: {metric: distribution}}", "{metric", "P114", "every metric but rows and quarantined is of a column"),
    (HEAD + "check: properties.totl > 0.0}", "properties.totl > 0.0", "J104", "did you mean properties.total?"),
    (HEAD + "check: properties.total}", "properties.total}", "J114", "true or false"),
    (HEAD + "references: {column: total, to: catalog.sku}}", "catalog.sku", "P130", "unknown dataset 'catalog'"),
    (HEAD + "reconcile: {with: cmr, by: [day]}}", "cmr,", "P130", "did you mean 'crm'?"),
    (HEAD + "agree: {trait: email, across: [crm, shp]}}", "shp]", "P130", "unknown source 'shp'"),
    (HEAD + "freshness: {expected: sometimes}}", "sometimes", "P114", "'sometimes' is no rhythm"),
    (HEAD + "unique: [total], on_fail: quarantine}", "quarantine}", "P114", "about one record"),
    ("dataset: evnts/Order Completed\nrules: [{id: r, completeness: total}]", "evnts/", "P130", "unknown dataset"),
    ("dataset: profiles\nrules: [{id: r, completeness: email}]", "email}", "P130", "unknown column 'email'"),
    ("dataset: profiles\nrules: [{id: r, freshness: {}}]", "{id: r", "P114", "is about events"),
    ("dataset: profiles\nrules: [{id: r, check: 'count(\"Order Completed\") > 1'}]", "count(", "J143", "name it in features.yaml"),
    ("dataset: profiles\nrules: [{id: r, completeness: traits.email, on_fail: flag}]", "{id: r", "P114", "nothing of it comes to the door"),
    ("dataset: t\ntables: {t: ../secret.csv}\nrules: [{id: r, completeness: x}]", "../secret.csv", "P114", "no table of the project"),
    ("dataset: crm\nrules: [{id: r, completeness: x}, {id: r, completeness: y}]", "[{id: r", "P114", "'r' stands twice"),
    ("dataset: crm\nrules: [{id: r, reconcile: {with: crm}}]", "[{id: r", "P114", "say `by` or `key`"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "at", "code", "words"), WRONG, ids=range(len(WRONG)))
def test_a_rule_that_cannot_be_meant_is_found_at_its_place(text, at, code, words):
    errors = [problem for problem in found(text) if problem.severity == "error"]
    assert [each.code for each in errors] == [code], errors
    (problem,) = errors
    line = text.split("\n")[problem.line - 1]
    assert line[problem.column - 1 :].startswith(at), line[problem.column - 1 :]
    assert words in f"{problem.message}; {problem.suggestion}"


def test_an_event_that_no_schema_declares_is_a_hint():
    (problem,) = found("dataset: events/Oder Completed\nrules: [{id: r, completeness: x}]")
    assert (problem.severity, problem.suggestion) == (
        "hint",
        "did you mean 'events/Order Completed'?",
    )


def test_somebody_who_is_to_hear_of_alerts_has_an_address():
    told = "name: shop\nalerts: {mail: {to: [ops@shop.example, opsexample]}}\n"
    (problem,) = check(load(FILES | {"journeyfold.yaml": told}))
    assert (problem.line, problem.code) == (2, "P113")
    assert problem.message == "'opsexample' is no e-mail address"
