"""Schemas over HTTP: versions, labels and the fields where messages fail."""


def test_events_are_listed_with_what_broke_them(kit):
    told = {
        each["subject"]["slug"]: each for each in kit.call("GET", "/v1/schemas").json["schemas"]
    }
    assert (told["order_completed"]["waiting"], told["order_completed"]["total"]) == (14, 22)
    assert told["cart_updated"]["total"] == 0


def test_one_event_shows_its_failing_fields_and_what_each_version_changed(kit):
    told = kit.call("GET", "/v1/schemas/order_completed").json
    (field,) = told["failing"]
    assert (field["pointer"], field["waiting"], field["replayed"]) == ("/properties/total", 14, 3)
    (step,) = told["steps"]
    assert [each["pointer"] for each in step["differences"]] == ["/coupon"]
    assert kit.call("GET", "/v1/schemas/nothing").status == 404
