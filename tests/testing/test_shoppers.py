from collections import Counter
from itertools import islice

import pytest

from journeyfold.core.instant import DAY_US, instant_us
from journeyfold.testing.catalogue import CATEGORIES, PRODUCTS
from journeyfold.testing.shopper import SHARED_EVERY, shopper
from journeyfold.testing.shoppers import history, live

END_US = instant_us("2026-11-22T00:00:00Z")
START_US = END_US - 60 * DAY_US


@pytest.fixture(scope="module")
def messages():
    return list(history("demo", 400, START_US, END_US))


def named(messages, event):
    return [message for message in messages if message.get("event") == event]


def test_the_same_seed_gives_the_same_history(messages):
    assert list(history("demo", 400, START_US, END_US)) == messages


def test_another_seed_gives_another_history(messages):
    assert next(history("other", 400, START_US, END_US)) != messages[0]


def test_history_is_in_the_order_of_time_and_within_its_bounds(messages):
    times = [instant_us(message["timestamp"]) for message in messages]
    assert times == sorted(times)
    assert START_US <= times[0] <= times[-1] < END_US


def test_no_message_id_occurs_twice(messages):
    assert len({message["messageId"] for message in messages}) == len(messages)


def test_two_thousand_shoppers_give_sixty_to_eighty_thousand_messages():
    assert 60_000 <= sum(1 for _ in history("demo", 2_000, START_US, END_US)) <= 80_000


def test_everything_that_happens_in_a_shop_happens(messages):
    seen = Counter(message.get("event") or message["type"] for message in messages)
    assert set(seen) == {
        "page", "identify", "Product Viewed", "Cart Updated", "Checkout Started",
        "Order Completed", "Order Refunded", "Consent Updated", "Survey Answered",
        "Price Dropped", "Review Submitted",
    }  # fmt: skip


def test_many_carts_are_left_behind(messages):
    ordered = {m["properties"]["cart_id"] for m in named(messages, "Order Completed")}
    carts = {m["properties"]["cart_id"] for m in named(messages, "Cart Updated")}
    assert 0.2 < len(ordered) / len(carts) < 0.7


def test_some_refuse_the_banner_and_are_not_watched_afterwards(messages):
    refused = {}
    for message in messages:
        device = message.get("anonymousId")
        if message.get("event") == "Consent Updated":
            if message["properties"]["purposes"]["analytics"] == "denied":
                refused[device] = message["timestamp"]
        elif device in refused and message["type"] == "page":
            owner = {m.get("userId") for m in messages if m.get("anonymousId") == device}
            assert len(owner - {None}) > 1, "only somebody else on a shared tablet"
    assert refused


def test_the_best_fifth_of_customers_spends_half_of_the_money(messages):
    spent = Counter()
    for order in named(messages, "Order Completed"):
        spent[order["userId"]] += order["properties"]["total"]
    amounts = sorted(spent.values(), reverse=True)
    assert sum(amounts[: len(amounts) // 5]) > 0.4 * sum(amounts)


def test_totals_are_the_sum_of_their_lines(messages):
    for order in named(messages, "Order Completed"):
        lines = order["properties"]["products"]
        cents = sum(round(line["price"] * 100) * line["quantity"] for line in lines)
        assert order["properties"]["total"] == cents / 100


def test_every_fortieth_shopper_shares_a_tablet_with_the_one_before():
    one, other = shopper("demo", SHARED_EVERY - 1), shopper("demo", SHARED_EVERY)
    shared = {d.anonymous_id for d in one.devices} & {d.anonymous_id for d in other.devices}
    assert len(shared) == 1


def test_evenings_are_busier_than_nights(messages):
    hours = Counter(int(message["timestamp"][11:13]) for message in messages)
    assert hours[19] > 10 * max(hours[2], 1)


def test_the_shop_has_eight_categories_of_fifteen_products():
    assert (len(CATEGORIES), len(PRODUCTS)) == (8, 120)
    assert len({product.sku for product in PRODUCTS}) == 120


def test_live_traffic_keeps_its_pace_and_order():
    seen = list(islice(live("demo", 400, END_US, visits_per_minute=60), 600))
    times = [at_us for at_us, _ in seen]
    assert times == sorted(times)
    assert 60e6 < times[-1] - times[0] < 900e6


def test_live_visitors_are_mostly_the_people_of_the_history(messages):
    known = {device.anonymous_id for n in range(400) for device in shopper("demo", n).devices}
    seen = {
        m["anonymousId"] for _, m in islice(live("demo", 400, END_US), 500) if "anonymousId" in m
    }
    assert 0.4 < len(seen & known) / len(seen) < 1
