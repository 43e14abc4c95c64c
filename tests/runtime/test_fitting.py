"""What features are filled in by is found from everybody, once a refresh, and is a record (Q28)."""

import pytest
from house import KEY, SHOP, House, compile_texts, everything

from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.project.prepared import prepared
from journeyfold.runtime.cutting import Cutting
from journeyfold.runtime.fold_loop import FoldLoop

SPEND = '\n  basket: {value: \'avg("Order Completed", "total")\', impute: mean, missing: true}\n'
SAID = SHOP.files["features.yaml"].replace("features:", "features:" + SPEND, 1)
PROJECT = load({**SHOP.files, "features.yaml": SAID})


class Clock:
    def __init__(self, house):
        self._house = house

    def now_us(self):
        return self._house.now_us


@pytest.fixture
def house():
    house = House(PROJECT)
    for user, total in [("ann", 10.0), ("bob", 30.0), ("cat", None)]:
        house.now_us += HOUR_US
        if total is None:
            house.track("Product Viewed", {"sku": "s"}, user=user)
        else:
            house.track("Order Completed", {"order_id": user, "total": total}, user=user)
    return house


def fit(house):
    """Look through everybody as `work` does; was a record appended?"""
    engine = Engine(house.log, KEY, compile_texts)
    loop = FoldLoop(house.log, house.state, engine, Clock(house))
    cutting = Cutting(house.state, Clock(house), house.log.marks)
    cutting.begin(loop)
    is_new = False
    while cutting.is_under_way:
        is_new = cutting.go_on(loop, 2)
    house.fold()
    return is_new


def made(house, user):
    compiled = house.engine.compiled
    values = compiled.feature_values(house.person("user_id", user), house.now_us)
    return prepared(compiled.project.features, compiled.surroundings.fits, values)


def test_a_missing_value_becomes_the_mean_of_everybody(house):
    assert made(house, "cat") == {"basket_missing": True}
    assert fit(house)
    assert made(house, "cat") == {"basket_missing": True, "basket": 20.0}
    assert made(house, "bob") == {"basket_missing": False, "basket": 30.0}


def test_the_fact_stays_as_it_is(house):
    fit(house)
    compiled = house.engine.compiled
    cat = house.person("user_id", "cat")
    assert compiled.feature_values(cat, house.now_us)["basket"] is None
    assert "basket" not in cat.traits


def test_it_is_used_unchanged_until_the_next_fit(house):
    fit(house)
    house.track("Order Completed", {"order_id": "o9", "total": 500.0}, user="dan")
    assert made(house, "cat")["basket"] == 20.0
    house.now_us += 2 * DAY_US
    fit(house)
    assert made(house, "cat")["basket"] == 180.0


def test_a_rebuild_prepares_alike(house):
    fit(house)
    assert everything(house.rebuilt(3)) == everything(house.state)
