"""`plan` says whose traits a change of cleaning would make others, and who comes and goes by it."""

from house import KEY, SHOP, House

from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.project.load import load
from journeyfold.runtime.planning import plan_between

SOURCE, SEGMENTS = "sources/shop_server.yaml", "segments/shopping.yaml"
GERMAN = """
  - {id: german, when: 'traits.country == "DE"'}
"""
FILES = {**SHOP.files, SEGMENTS: SHOP.files[SEGMENTS].replace("segments:", "segments:" + GERMAN, 1)}
BEFORE = load(FILES)
AFTER = load({**FILES, SOURCE: FILES[SOURCE] + "clean: {traits.country: country}\n"})


def planned(before, after):
    house = House(BEFORE)
    for person, country in [("ann", "Germany"), ("bob", "DE"), ("cat", "European Community")]:
        house.now_us += HOUR_US
        house.track("Identify", user=person, traits={"country": country}, type_="identify")
    return plan_between(
        house.log, KEY, before, after, window_us=30 * DAY_US, now_us=house.now_us + HOUR_US
    )


def test_traits_that_become_others_and_those_that_are_lost_are_counted():
    (change,) = planned(BEFORE, AFTER).traits
    assert (change.trait, change.people, change.lost, len(change.examples)) == ("country", 2, 1, 2)


def test_the_segments_that_people_come_into_by_it_are_told():
    told = {each.segment: each for each in planned(BEFORE, AFTER).segments}
    assert (told["german"].before, told["german"].after) == (1, 2)


def test_the_same_cleaning_changes_no_trait():
    assert planned(AFTER, AFTER).traits == ()
