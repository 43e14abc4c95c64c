"""A prepared feature on a platform that runs: fitted, read by a segment, shown (Q27 to Q30)."""

import json
import re

import httpx
import live
import pytest
from client_programs import wait_until

FEATURES = """features:
  spent: {value: 'sum("Order Completed", "total")', transform: zscore}
  tier: {value: traits.tier, impute: unknown, transform: onehot, categories: [gold, Unknown]}
  guessed: {value: traits.loyalty_points, impute: model, using: [spent]}
"""
SEGMENTS = """segments:
  - {id: far-out, when: features.spent.prepared > 2.0}
  - {id: nameless, when: 'features.tier.prepared == "Unknown"'}
"""


def lookup(client, user):
    who = client.post("/v1/people/lookup", json={"kind": "user_id", "value": user}).json()
    return client.get(f"/v1/people/{who['person']}").json()


def messages():
    """Eighty people; the last has spent far more, the first and the last have no points."""
    batch = []
    for at in range(80):
        user, total = f"u{at}", 900 if at == 79 else 10 + at % 5
        bought = {"order_id": f"o{at}", "total": total}
        order = {"event": "Order Completed", "messageId": f"o{at}", "properties": bought}
        batch.append({"type": "track", "userId": user, **order})
        traits = {"loyalty_points": total * 2} if 0 < at < 79 else {"tier": "gold"}
        batch.append({"type": "identify", "userId": user, "messageId": f"i{at}", "traits": traits})
    return batch


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    directory = tmp_path_factory.mktemp("prepared") / "shop"
    live.run_cli(directory.parent, "init", str(directory))
    features, identify = directory / "features.yaml", directory / "schemas/identify.1.json"
    features.write_text(features.read_text().replace("features:\n", FEATURES, 1))
    schema = json.loads(identify.read_text())
    schema["properties"] |= {"tier": {"type": "string"}, "loyalty_points": {"type": "number"}}
    identify.write_text(json.dumps(schema))
    (directory / "segments/prepared.yaml").write_text(SEGMENTS)
    running = live.start(directory)
    try:
        with running.client() as client:
            sent = client.post("/v1/batch", json={"batch": messages()})
            assert sent.json()["appended"] == 160
            running.wait_folded()
            wait_until(lambda: "far-out" in lookup(client, "u79")["segments"], "the fit")
            wait_until(lambda: lookup(client, "u0")["prepared"].get("guessed"), "the guess")
            yield running, client
    finally:
        running.stop()


def test_only_who_is_far_above_the_others_is_in_the_segment(shop):
    _, client = shop
    inside = [at for at in (0, 1, 78, 79) if "far-out" in lookup(client, f"u{at}")["segments"]]
    assert inside == [79]


def test_a_category_that_is_missing_is_unknown_to_a_condition_and_stays_a_gap(shop):
    _, client = shop
    nameless, gold = lookup(client, "u1"), lookup(client, "u0")
    assert ("nameless" in nameless["segments"], "nameless" in gold["segments"]) == (True, False)
    assert nameless["features"]["tier"] is None
    assert gold["prepared"] | {"tier=gold": 1, "tier=Unknown": 0} == gold["prepared"]


def test_a_missing_number_is_guessed_from_another_feature(shop):
    _, client = shop
    person = lookup(client, "u0")
    assert person["features"]["guessed"] is None
    assert 15 <= person["prepared"]["guessed"] <= 30


def test_the_page_of_a_person_shows_what_models_are_given(shop):
    running, client = shop
    person = lookup(client, "u0")["person"]
    password = re.search(r"password (\S+)", running.output)[1]
    with httpx.Client(
        base_url=running.url, headers={"origin": running.url}, trust_env=False
    ) as browser:
        browser.post("/sign-in", data={"name": "admin", "password": password})
        page = browser.get(f"/people/{person}").text
    assert 'guessed <span class="small faint">prepared</span>' in page


def test_a_rebuild_while_it_runs_agrees(shop):
    running, _ = shop
    said = live.run_cli(running.directory, "replay", "--verify", "--json").stdout
    assert json.loads(said.splitlines()[-1])["is_equal"] is True
