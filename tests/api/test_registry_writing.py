"""Schemas and modes that clients of registries write become files of the project (Q10)."""

import json

import pytest
from live import platform

CART = "/registry/subjects/cart_updated/versions"
PAID = {"title": "Order Paid", "type": "object", "properties": {"order_id": {"type": "string"}}}


def written(kit):
    (files,) = kit.services.desk.project.published
    return files


def cart(kit, **properties):
    document = json.loads(kit.call("GET", f"{CART}/1").json["schema"])
    document["properties"] |= properties
    return {"schema": json.dumps(document)}


def test_a_version_that_may_follow_is_a_file_and_stands_in_the_lock(kit):
    told = kit.call("POST", CART, cart(kit, coupon={"type": "string"}))
    assert (told.status, told.json) == (200, {"id": 3})
    made = written(kit)
    stored = json.loads(made["schemas/cart_updated.2.json"])
    assert stored["x-journeyfold"]["version"] == 2
    assert "cart_updated.2: {id: 3" in made["schemas.lock.yaml"]


def test_the_same_content_again_writes_nothing(kit):
    number = kit.call("GET", f"{CART}/1").json["id"]
    assert kit.call("POST", CART, cart(kit)).json == {"id": number}
    bare = json.loads(cart(kit)["schema"])
    del bare["title"], bare["x-journeyfold"]
    assert kit.call("POST", CART, {"schema": json.dumps(bare)}).json == {"id": number}
    assert kit.services.desk.project.published == []


def test_what_may_not_follow_is_refused_with_a_document(kit):
    told = kit.call("POST", CART, cart(kit, items={"type": "string"}))
    assert (told.status, told.json["error_code"]) == (409, 409)
    assert '{"items":' in told.json["message"]
    assert kit.services.desk.project.published == []


def test_a_new_subject_is_an_event_by_its_title(kit):
    told = kit.call("POST", "/registry/subjects/order_paid/versions", {"schema": json.dumps(PAID)})
    assert told.status == 200
    assert json.loads(written(kit)["schemas/order_paid.1.json"])["title"] == "Order Paid"


@pytest.mark.parametrize(
    ("subject", "body", "words"),
    [
        ("order_paid", {"schema": '{"type": "object"}'}, "needs `title`"),
        ("cart_updated", {"schema": '{"title": "Basket"}'}, "the subject is of 'Cart Updated'"),
        ("cart_updated", {"schema": "[]"}, "no JSON object"),
        ("cart_updated", {"schema": '{"type": "nothing"}'}, "nothing"),
        ("cart_updated", {"schema": "{}", "schemaType": "AVRO"}, "only JSON"),
        ("Order Paid", {"schema": json.dumps(PAID)}, "no name of a subject"),
    ],
)
def test_what_cannot_be_registered_says_why(kit, subject, body, words):
    told = kit.call("POST", f"/registry/subjects/{subject}/versions", body)
    assert (told.status, told.json["error_code"]) == (422, 42201)
    assert words in told.json["message"]
    assert kit.services.desk.project.published == []


def test_a_mode_is_written_beside_the_others(kit):
    told = kit.call("PUT", "/registry/config/cart_updated", {"compatibility": "NONE"})
    assert (told.status, told.json) == (200, {"compatibility": "NONE"})
    text = written(kit)["schemas.yaml"]
    assert text.startswith("compatibility: BACKWARD_TRANSITIVE\n")
    assert "event:track/Order Completed" in text
    assert "event:track/Cart Updated" in text


def test_the_mode_for_all_is_chosen(kit):
    assert kit.call("PUT", "/registry/config", {"compatibility": "FULL"}).status == 200
    assert written(kit)["schemas.yaml"].startswith("compatibility: FULL\n")


def test_a_mode_that_is_none_is_refused(kit):
    told = kit.call("PUT", "/registry/config", {"compatibility": "SOME"})
    assert (told.status, told.json["error_code"]) == (422, 42203)
    assert kit.call("PUT", "/registry/config/nothing", {"compatibility": "FULL"}).status == 404


def test_a_registered_version_is_in_force_and_on_the_disk(tmp_path):
    with platform(tmp_path / "shop") as live, live.client() as client:
        path = "/registry/subjects/order_paid/versions"
        told = client.post(path, json={"schema": json.dumps(PAID)})
        assert told.status_code == 200, told.text
        found = client.get(f"{path}/latest").json()
        assert (found["version"], found["id"]) == (1, told.json()["id"])
        assert client.post(path, json={"schema": json.dumps(PAID)}).json() == told.json()
        assert client.put("/registry/config", json={"compatibility": "BACKWARD"}).status_code == 200
        assert client.get("/registry/config").json() == {"compatibilityLevel": "BACKWARD"}
    assert (tmp_path / "shop" / "schemas" / "order_paid.1.json").is_file()
    assert "order_paid.1" in (tmp_path / "shop" / "schemas.lock.yaml").read_text()
