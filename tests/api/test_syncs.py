"""Syncs over HTTP."""

import pytest

from journeyfold.project.reports import SyncRow


@pytest.fixture
def vip(kit):
    row = SyncRow(
        "crm.vip", "crm", "vip", "segment vip", "mirror", "15m", 20, 1_700_000_000_000_000, 0, 0,
        {"added": 2},
    )  # fmt: skip
    kit.services.syncs = lambda: [row]


def test_syncs_come_with_what_their_last_run_counted(kit, vip):
    (sync,) = kit.call("GET", "/v1/syncs").json["syncs"]
    assert (sync["id"], sync["acknowledged"], sync["last"]) == ("crm.vip", 20, {"added": 2})
    assert (sync["ran"], sync["stopped"]) == ("2023-11-14T22:13:20Z", None)


def test_a_run_is_a_record_before_the_reply(kit, vip):
    answer = kit.call("POST", "/v1/syncs/crm.vip/run", {"confirm": True})
    (record,) = kit.log.read(answer.json["offset"] - 1, 1)
    assert (record.kind, record.event.name) == ("output", "sync.asked")
    assert record.event.properties == {"destination": "crm", "sync": "vip", "confirm": True}


def test_a_sync_that_is_not_there_is_404(kit, vip):
    assert kit.call("POST", "/v1/syncs/crm.vap/run", {}).status == 404


def test_a_narrow_key_runs_nothing(kit, vip):
    assert kit.call("POST", "/v1/syncs/crm.vip/run", {}, key="narrow").status == 403
