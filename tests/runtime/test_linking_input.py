"""What linkage compares: traits and identifiers of a record, for the node that owns it."""

from house import KEY, SHOP, House, compile_texts

from journeyfold.project.load import load
from journeyfold.runtime.linking_input import sightings

LINKED = load({
    **SHOP.files,
    "identity.yaml": SHOP.files["identity.yaml"]
    + """
linkage:
  block_on: [[surname]]
  compare: {surname: name, email: email}
  prior: {rules: [[email]], recall: 0.8}
  train_on: [[surname]]
""",
})  # fmt: skip


def seen(house):
    head, _ = house.log.head()
    compiled = compile_texts(LINKED.files)
    pieces = sightings(house.log, house.state, compiled, KEY, after=-1, upto=head)
    return [(each.column, each.value) for piece in pieces for each in piece]


def test_an_address_that_is_an_identifier_only_is_a_column():
    house = House(LINKED)
    house.track("Order Completed", user="ann", email="Ann@example.com")
    assert seen(house) == [("email", "ann@example.com")]


def test_a_trait_is_taken_before_the_identifier():
    house = House(LINKED)
    house.track("Identify", user="ann", email="ann@example.com", traits={"email": "a@example.org"})
    assert seen(house) == [("email", "a@example.org")]


def test_a_record_of_a_device_is_compared_with_nobody():
    house = House(LINKED)
    house.track("Seen", anonymous="phone", traits={"surname": "Moss"})
    assert seen(house) == []
