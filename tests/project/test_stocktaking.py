"""The inventory of sources: fields, their use, stages and gaps (quality Q38, Q39)."""

import pytest

from journeyfold.core.errors import ProjectError
from journeyfold.project.check import check
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.project.stocktaking import classes_of, stages_of, stock, stock_with
from journeyfold.quality.registry import load_registry

SHOP = template_files("shop")


def taken(**more):
    project = load(SHOP | more)
    return project, load_registry(project.schemas)


def rows(**more):
    return {each.source: each for each in stock(*taken(**more))}


def fields(source, **more):
    return {each.field: each for each in rows(**more)[source].fields}


def edited(path, old, new):
    assert old in SHOP[path]
    return {path: SHOP[path].replace(old, new, 1)}


def test_a_field_gets_category_and_purposes_from_its_schema():
    email = fields("shop_web")["traits.email"]
    assert (email.tag, email.classes, email.origin) == ("user.contact.email", ("PII",), "explicit")
    assert email.purposes == ("necessary", "marketing_email")


def test_what_the_source_says_of_a_field_wins():
    said = "traits.email: {origin: implicit, tag: user.contact, purposes: [analytics]}"
    more = edited("sources/shop_web.yaml", "traits.email: {origin: explicit}", said)
    email = fields("shop_web", **more)["traits.email"]
    assert (email.tag, email.origin, email.purposes) == ("user.contact", "implicit", ("analytics",))


def test_a_mapping_declares_its_fields():
    assert {"properties.total", "traits.country", "identifiers.user_id"} <= set(
        fields("shop_orders")
    )


def test_a_field_knows_who_uses_it_and_remarks_are_no_use():
    total = fields("shop_orders")["properties.total"]
    assert "file:features.yaml" in total.used_by
    said = {"segments/x.yaml": "segments: []  # reads currency one day\n"}
    assert fields("shop_orders", **said)["properties.currency"].used_by == ()


def test_what_nobody_uses_is_listed():
    project, registry = taken()
    found = stock_with(project, registry, {})
    assert ("shop_orders", "properties.currency") in {(f.source, f.field) for f in found.unused}
    assert all(not each.used_by for each in found.unused)


def test_a_stage_without_a_source_is_a_gap():
    project, registry = taken()
    assert stock_with(project, registry, {}).gaps == ("advocacy",)
    (purchase,) = [each for each in stages_of(project) if each.stage == "purchase"]
    assert purchase.sources == ("shop_orders", "shop_server", "shop_web")


@pytest.mark.parametrize(
    ("tag", "classes"),
    [
        ("system.operations", ()), ("user.contact.email", ("PII",)), ("", ()),
        ("user.health_and_medical.genetic", ("PII", "sensitive")),
        ("user.demographic.religious_belief", ("PII", "sensitive")),
    ],
)  # fmt: skip
def test_a_category_says_whether_it_is_sensitive(tag, classes):
    assert classes_of(tag) == classes


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("traits.interests: {}", "interests: {}", "'interests' is no field of an event"),
        ("traits.interests: {}", "traits.interests: {tag: user.contact.emial}", "did you mean `user.contact.email`"),
        ("traits.interests: {}", "traits.interests: {purposes: [analitics]}", "unknown purpose 'analitics'"),
        ("data: web", "data: webb", "webb"),
        ("origin: implicit", "origin: guessed", "guessed"),
    ],
)  # fmt: skip
def test_an_inventory_that_means_nothing_is_told(old, new, words):
    try:
        problems = check(load(SHOP | edited("sources/shop_web.yaml", old, new)))
    except ProjectError as error:
        problems = list(error.problems)
    (found,) = [each for each in problems if each.severity == "error"]
    assert words in f"{found.message}; {found.suggestion}"
    assert (found.file, found.line > 1) == ("sources/shop_web.yaml", True)
