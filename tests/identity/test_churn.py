"""Merges and splits a day, and what became of the people there were (identity X4)."""

from house import House

from journeyfold.core.instant import DAY_US, HOUR_US
from journeyfold.identity.churn import churn, since


def meet(house, number):
    """A visitor and a customer who turn out to be one."""
    house.track("Product Viewed", {"sku": "S"}, anonymous=f"d{number}")
    house.track("Product Viewed", {"sku": "S"}, user=f"u{number}")
    house.now_us += 1
    house.track("Identify", type_="identify", user=f"u{number}", anonymous=f"d{number}")


def test_merges_are_counted_by_day_and_a_strange_day_is_seen():
    house = House()
    for _ in range(10):
        meet(house, house.number)
        house.now_us += DAY_US
    for _ in range(12):
        meet(house, house.number)
    house.now_us += HOUR_US
    with house.state.read() as reader:
        found = churn(reader, house.now_us)
    assert found.merges.counts[-3:] == (1, 1, 12)
    assert found.merges.unusual
    assert found.aliases.counts[-1] == 12
    assert not found.splits.unusual


def test_people_are_compared_with_those_there_were():
    house = House()
    for _ in range(2):
        meet(house, house.number)
    house.track("Product Viewed", {"sku": "S"}, user="alone")
    house.track("Product Viewed", {"sku": "S"}, anonymous="tablet")
    offset, _ = house.log.head()
    house.verdict(verdict="cannot_link", a="user_id:u0", b="anonymous_id:d0")
    house.now_us += 1
    house.track("Identify", type_="identify", user="alone", anonymous="tablet")
    house.track("Product Viewed", {"sku": "S"}, user="new")
    with house.state.read() as reader:
        found = since(reader, offset)
    assert (found.people, found.split, found.merged, found.unchanged) == (4, 1, 2, 1)
    assert found.stability == 0.75  # one of the two that merged has another id


def test_nothing_happened_since_now():
    house = House()
    meet(house, 1)
    with house.state.read() as reader:
        found = since(reader, house.log.head()[0])
    assert (found.people, found.unchanged, found.stability) == (1, 1, 1.0)
