"""Taxonomies in a project: checked, used by sources, read by level, and what they miss (Q25)."""

import pytest
from house import SHOP, House, everything

from journeyfold.core.instant import HOUR_US
from journeyfold.project.check import check
from journeyfold.project.cleaned import Miss, misses
from journeyfold.project.load import load
from journeyfold.project.taxonomies import Near, reviewed

SOURCE, SEGMENTS, WORDS = "sources/shop_server.yaml", "segments/shopping.yaml", "taxonomies/w.yaml"
CLEAN = "clean: {properties.category: {taxonomy: w}, traits.likes: {taxonomy: w}}\n"
TREE = """terms:
  Drinks: {synonyms: [Getränke]}
  Wine: {parent: Drinks, synonyms: [Wein, vin]}
  Bread: {}
"""
BY_LEVEL = """
  - {id: drinkers, when: 'traits.likes.l1 == "Drinks"'}
  - {id: viewers, when: 'count("Product Viewed", where=properties.category.l1 == "Drinks") >= 2'}
"""


def shop(words=TREE, clean=CLEAN, segments=BY_LEVEL):
    said = SHOP.files["schemas/identify.1.json"].replace(
        '"properties": {', '"properties": {\n    "likes": {"type": "string"},', 1
    )
    return load(
        {
            **SHOP.files,
            WORDS: words,
            SOURCE: SHOP.files[SOURCE] + clean,
            SEGMENTS: SHOP.files[SEGMENTS].replace("segments:", "segments:" + segments, 1),
            "schemas/identify.1.json": said,
        }
    )


def found(project):
    return [
        f"{each.file}:{each.line} {each.code} {each.message}; {each.suggestion}"
        for each in check(project)
        if each.severity == "error"
    ]


def viewed(house, *categories, user="ann"):
    for category in categories:
        house.now_us += HOUR_US
        house.track("Product Viewed", {"category": category}, user=user)


def missed(house):
    with house.state.read() as reader:
        return misses(reader)


def inside(house, user="ann"):
    return set(house.person("user_id", user).memberships) & {"drinkers", "viewers"}


def test_a_project_with_a_tree_that_conditions_read_by_level_is_sound():
    assert found(shop()) == []


def test_a_condition_on_a_level_holds_for_every_value_below():
    house = House(shop())
    viewed(house, "vin", "Getränke", "Bread")
    assert inside(house) == {"viewers"}
    house.track("Identify", user="ann", traits={"likes": "Wein"}, type_="identify")
    assert inside(house) == {"viewers", "drinkers"}


def test_another_parent_moves_people_who_were_there_before():
    house = House(shop())
    viewed(house, "Bread", "Bread")
    assert inside(house) == set()
    house.now_us += HOUR_US
    house.activate(shop(TREE.replace("Bread: {}", "Bread: {parent: Drinks}")))
    assert inside(house) == {"viewers"}


def test_what_no_term_stands_for_is_kept_and_listed_with_how_often_it_came():
    house = House(shop())
    viewed(house, "Wien", "Wien", " Wien ", "vin", "tea")
    assert missed(house) == [
        Miss("shop_server", "properties.category", "Wien", 3),
        Miss("shop_server", "properties.category", "tea", 1),
    ]


def test_a_miss_comes_with_the_terms_most_like_it():
    house = House(shop())
    viewed(house, "Breads")
    (row,) = reviewed(house.engine.compiled.project, missed(house))
    assert (row.taxonomy, row.nearest) == ("w", (Near("Bread", 90.9),))


def test_a_synonym_that_is_added_maps_what_came_before():
    house = House(shop())
    viewed(house, "Wien", "Wien")
    house.now_us += HOUR_US
    house.activate(shop(TREE.replace("Wein, vin", "Wein, vin, Wien")))
    assert (missed(house), inside(house)) == ([], {"viewers"})
    assert everything(house.rebuilt(7)) == everything(house.state)


def test_a_list_of_misses_has_an_end():
    house = House(shop())
    for number in range(1_005):
        house.track("Product Viewed", {"category": f"n{number}"}, user="ann")
    assert len(missed(house)) == 1_000
    assert everything(house.rebuilt(256)) == everything(house.state)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            "terms:\n  A: {synonyms: [x]}\n  B: {synonyms: [X]}\n",
            (
                "taxonomies/w.yaml:3 P191 'X' stands for 'A' and for 'B'; "
                "the other is in taxonomies/w.yaml:2"
            ),
        ),
        (
            "terms:\n  A: {parent: B}\n  B: {parent: A}\n",
            (
                "taxonomies/w.yaml:2 P191 a circle: 'A' in 'B' in 'A'; "
                "the other is in taxonomies/w.yaml:3"
            ),
        ),
        (
            "terms:\n  Shoes: {}\n  A: {parent: Shos}\n",
            "taxonomies/w.yaml:3 P191 unknown parent 'Shos'; did you mean 'Shoes'?",
        ),
    ],
)
def test_a_tree_that_cannot_be_meant_names_both_lines(words, says):
    assert says in found(shop(words, segments=""))


def test_a_taxonomy_that_is_not_there_is_told_with_the_nearest():
    clean = CLEAN.replace("taxonomy: w", "taxonomy: retial")
    (line, *_) = found(shop(clean=clean, segments=""))
    assert line.endswith("P190 there is no taxonomy 'retial'; did you mean 'retail'?")


def test_a_level_that_the_tree_does_not_have_is_an_error():
    deep = "\n  - {id: deep, when: 'traits.likes.l3 == \"Wine\"'}\n"
    (line,) = found(shop(segments=deep))
    assert "J104 there is no level 3; the tree has 2, from l1 on" in line


def test_the_list_that_is_shipped_is_sound_and_knows_schema_org():
    retail = SHOP.taxonomies["retail"]
    assert len(retail.terms) > 80
    assert retail.ancestry("Alcohol") == ["Food", "Drinks", "Alcohol"]
    assert retail.words["trainers"] == "Sneakers"
    assert sum(bool(term.schema_org) for term in retail.terms.values()) > 35
