"""Somebody is forgotten on a running platform, and comes back as somebody new (journeys E72)."""

import json
import time

import pytest
from live import platform, run_cli

ANN = {"kind": "user_id", "value": "ann"}


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("erasure") / "shop") as running:
        yield running


def met(live):
    """Ann, as she is known now: her id, or None."""
    with live.client() as client:
        client.post("/v1/identify", json={
            "userId": "ann", "traits": {"email": "ann@example.org", "country": "DE"},
        }).raise_for_status()  # fmt: skip
    live.wait_folded()
    return who(live)


def who(live):
    with live.client() as client:
        found = client.post("/v1/people/lookup", json=ANN)
    return found.json()["person"] if found.status_code == 200 else None


def history(live, person):
    live.wait_folded()
    with live.client() as client:
        return client.get(f"/v1/people/{person}/records").json()["records"]


def erased(live, person, reason="letter of 3 May"):
    with live.client("adm") as client:
        done = client.post(f"/v1/people/{person}/erase", json={"reason": reason})
    live.wait_folded()
    return done


def gone(live):
    deadline = time.monotonic() + 10
    while who(live) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    return who(live) is None


@pytest.mark.timeout(180)
def test_a_person_is_erased_over_http_and_comes_back_as_somebody_new(live):
    first = met(live)
    assert erased(live, first).status_code == 200
    assert gone(live)
    assert erased(live, first).status_code == 404
    second = met(live)
    assert second not in {None, first}
    with live.client() as client:
        records = history(live, second)
        asked = {"subject": {"user_id": "ann"}, "placements": [{"id": "home-hero"}]}
        decided = client.post("/v1/decide", json=asked)
    assert [each["name"] for each in records] == ["Identify"], "nothing of before is hers"
    assert decided.status_code == 200
    assert decided.json()["profile_offset"] > 0
    assert "Decision Made" in [each["name"] for each in history(live, second)]
    told = run_cli(live.directory, "erase", "user_id:ann", "--reason", "asked again", "--json",
                   "--confirm", "erase")  # fmt: skip
    assert json.loads(told.stdout)["going"]["person"] == second
    assert gone(live)
    told = json.loads(run_cli(live.directory, "replay", "--verify", "--json").stdout)
    assert told["is_equal"] is True, told
