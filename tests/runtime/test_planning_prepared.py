"""`plan` fits features on the people it replays, and says who comes into a segment by it (Q28)."""

from house import KEY, SHOP, House

from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.project.load import load
from journeyfold.runtime.planning import plan_between

SPEND = '  spent: {value: \'sum("Order Completed", "total")\', transform: zscore}\n'
PLAIN = SHOP.files["features.yaml"].replace("features:\n", "features:\n" + SPEND, 1)
RICH = "segments:\n  - {id: rich, when: 'features.spent > 395.0'}\n"


def project(when):
    segments = RICH.replace("features.spent > 395.0", when)
    return load({**SHOP.files, "features.yaml": PLAIN, "segments/rich.yaml": segments})


def test_a_segment_of_a_prepared_feature_is_planned_with_its_people():
    before, after = project("features.spent > 395.0"), project("features.spent.prepared < 1.0")
    house = House(before)
    for at, total in enumerate([10, 12, 11, 9, 10, 400]):
        house.now_us += HOUR_US
        house.track("Order Completed", {"order_id": f"o{at}", "total": total}, user=f"u{at}")
    plan = plan_between(
        house.log, KEY, before, after, window_us=30 * DAY_US, now_us=house.now_us + HOUR_US
    )
    told = {each.segment: each for each in plan.segments}["rich"]
    assert (told.before, told.after) == (1, 5)
