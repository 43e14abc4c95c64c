"""A segment filled by hand, with the key that a newcomer makes (segments S5)."""

import pytest
from live import platform

PRESS = "segments:\n  - {id: press, kind: manual, identifier: email}\n"
LIST = {"identifiers": [{"kind": "email", "value": "Press@Example.org"}]}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("manual") / "shop") as live:
        (live.directory / "segments" / "press.yaml").write_text(PRESS)
        live.wait_for("is taken over")
        yield live


def _members(live):
    with live.client() as server:
        return server.get("/v1/segments/press/members").json()["members"]


def test_an_identifier_on_the_list_joins_on_first_sight_and_leaves_when_taken_off(shop):
    with shop.client() as server:
        assert server.post("/v1/segments/press/members", json=LIST).json()["appended"] == 1
        who = {"type": "identify", "userId": "p-1", "traits": {"email": "press@example.org"}}
        assert server.post("/v1/batch", json={"batch": [who]}).status_code == 200
        shop.wait_folded()
        assert len(_members(shop)) == 1
        gone = server.request("DELETE", "/v1/segments/press/members", json=LIST)
        assert gone.json()["appended"] == 1
        shop.wait_folded()
        assert _members(shop) == []
