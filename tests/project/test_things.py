"""Records about things are folded like any other, and no profile comes of them (products)."""

from house import House

from journeyfold.core.event import Event


def test_a_product_of_the_catalogue_is_nobody():
    house = House()
    with house.state.read() as reader:
        before = len(list(reader.scan("profile")))
    listed = Event(
        "S1/1", "Product Listed", "track", "catalogue", (), house.now_us, house.now_us,
        {"sku": "S1", "price": 19.99}, {}, {"auth": "import"},
    )  # fmt: skip
    house.append(listed)
    house.track("Product Viewed", {"sku": "S1"}, user="ann")
    with house.state.read() as reader:
        assert len(list(reader.scan("profile"))) == before + 1
    assert house.log.head()[0] == 2
