"""What cleaning did, over HTTP."""

from journeyfold.project.cleaned import Tally
from journeyfold.project.taxonomies import Missed, Near


def test_the_counts_of_cleaning_come_by_source_field_and_cleaner(kit):
    kit.services.cleaned = lambda: [Tally("crm", "traits.phone", "phone", 4, 2, 1)]
    (line,) = kit.call("GET", "/v1/quality/cleaning").json["fields"]
    assert line == {
        "source": "crm", "field": "traits.phone", "cleaner": "phone",
        "seen": 4, "changed": 2, "failed": 1,
    }  # fmt: skip


def test_a_narrow_key_does_not_see_them(kit):
    assert kit.call("GET", "/v1/quality/cleaning", key="narrow").status == 403


def test_misses_come_with_the_terms_most_like_them(kit):
    kit.services.misses = lambda: [
        Missed("retail", "shop", "properties.category", "Shose", 4, (Near("Shoes", 88.9),))
    ]
    (miss,) = kit.call("GET", "/v1/taxonomies/misses").json["misses"]
    assert (miss["value"], miss["seen"]) == ("Shose", 4)
    assert miss["nearest"] == [{"value": "Shoes", "likeness": 88.9}]
