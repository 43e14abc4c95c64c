"""Cleaning on a platform that runs: over HTTP and on the command line (quality Q17, Q18, Q25)."""

import json

import live
import pytest

STEPS = """
clean:
  traits.phone: {phone: {region: DE}}
  properties.category: {taxonomy: retail}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    directory = tmp_path_factory.mktemp("cleaning") / "shop"
    live.run_cli(directory.parent, "init", str(directory))
    source = directory / "sources/shop_server.yaml"
    source.write_text(source.read_text() + STEPS)
    running = live.start(directory)
    with running.client() as client:
        for number, phone in enumerate(["030 901820", "12"]):
            sent = {"userId": "ann", "traits": {"phone": phone}, "messageId": f"i{number}"}
            assert client.post("/v1/identify", json=sent).status_code == 200
        for number, category in enumerate(["footwear", "Sneakres"]):
            sent = {"userId": "ann", "event": "Product Viewed", "messageId": f"v{number}",
                    "properties": {"sku": "s", "category": category}}  # fmt: skip
            assert client.post("/v1/track", json=sent).status_code == 200
        running.wait_folded()
        yield running, client
    running.stop()


def test_a_person_shows_the_clean_value_and_what_was_sent(shop):
    _, client = shop
    who = client.post("/v1/people/lookup", json={"kind": "user_id", "value": "ann"}).json()
    trait = client.get(f"/v1/people/{who['person']}").json()["traits"]["phone"]
    assert (trait["value"], trait["sent"]) == ("+4930901820", "030 901820")
    assert trait["cleaned_by"] == ["phone"]


def test_the_counts_are_the_same_over_http_and_on_the_command_line(shop):
    running, client = shop
    told = client.get("/v1/quality/cleaning").json()["fields"]
    by_field = {each["field"]: (each["seen"], each["changed"], each["failed"]) for each in told}
    assert by_field == {"traits.phone": (2, 1, 1), "properties.category": (2, 1, 1)}
    said = live.run_cli(running.directory, "quality", "cleaning", "--json").stdout
    assert json.loads(said)["fields"] == told


def test_a_category_that_is_misspelt_is_listed_with_its_nearest(shop):
    running, client = shop
    (miss,) = client.get("/v1/taxonomies/misses").json()["misses"]
    assert (miss["value"], miss["nearest"][0]["value"]) == ("Sneakres", "Sneakers")
    said = live.run_cli(running.directory, "taxonomy", "misses", "--json").stdout
    assert json.loads(said)["misses"] == [miss]


def test_a_rebuild_while_it_runs_agrees(shop):
    running, _ = shop
    said = live.run_cli(running.directory, "replay", "--verify", "--json").stdout
    assert json.loads(said.splitlines()[-1])["is_equal"] is True
