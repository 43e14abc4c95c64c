"""A goal that a run reaches is a conversion of what it sent, as an event of its person."""

import pytest
from house import everything
from outbox_kit import Post

from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files

JOURNEY = """
entry: [{event: Cart Updated, key: properties.cart_id}]
policy: {purpose: marketing, quiet: never}
goal: {event: Order Completed, within: 7d, value: properties.total}
holdout: {percent: PERCENT, salt: s}
steps:
  - {id: mail, send: {channel: email, template: cart}}
  - {id: again, send: {channel: email, template: cart}}
  - {id: pause, wait: {for: 1d}}
"""


@pytest.fixture(params=["0", "100"])
def shop(request, tmp_path):
    own = ("journeys/", "tests/", "templates/", "destinations/")
    files = {
        path: text for path, text in template_files("shop").items() if not path.startswith(own)
    }
    made = Post(
        load(
            files
            | {
                "journeys/cart.yaml": JOURNEY.replace("PERCENT", request.param),
                "templates/cart/template.yaml": "subject: Hi\nfrom: shop@shop.example\n",
                "templates/cart/body.txt": "Hello",
            }
        ),
        tmp_path,
    )
    made.is_held_out = request.param == "100"
    made.track("Identify", type_="identify", user="ann", traits={"email": "ann@example.com"})
    granted = dict.fromkeys(("marketing", "marketing_email", "analytics"), "granted")
    made.track("Consent Updated", {"purposes": granted}, user="ann")
    yield made
    made.lanes.close(5)


def converted(shop):
    return [
        record.event
        for record in shop.log.read(-1, 10_000)
        if record.event.name == "message.converted"
    ]


def test_the_last_message_of_a_run_converts_once(shop):
    shop.track("Cart Updated", {"cart_id": "c1"}, user="ann")
    shop.deliver()
    assert converted(shop) == []
    for number in range(2):
        shop.wait(1_000_000)
        shop.track("Order Completed", {"order_id": f"o{number}", "total": 12.5}, user="ann")
    shop.deliver()
    told = [(each.properties["step"], each.properties["value"]) for each in converted(shop)]
    assert told == ([] if shop.is_held_out else [("again", 12.5)])
    assert everything(shop.rebuilt(3)) == everything(shop.state)


def test_an_order_before_anything_was_sent_converts_nothing(shop):
    shop.track("Cart Updated", {"cart_id": "c1"}, user="ann")
    shop.track("Order Completed", {"order_id": "o1", "total": 12.5}, user="ann")
    shop.deliver()
    assert converted(shop) == []
