"""A project that changes while the platform runs and events come in (segments B2, B3)."""

import json
import threading
import time

import httpx
import pytest
from live import platform, run_cli

SLACK = "type: slack\nsecret: ${env:SLACK_HOOK}\n"
BOATS = """segments:
  - id: boat-lovers
    when: 'count("Product Viewed", where=properties.category == "boats") >= 2'
"""


def viewed(person, number, category):
    return {
        "type": "track", "event": "Product Viewed", "messageId": f"{person}-{number}-{category}",
        "userId": person, "properties": {"sku": f"S{number}", "category": category},
    }  # fmt: skip


def version(live):
    return httpx.get(f"{live.url}/healthz", trust_env=False).json()["project"]


def wait_until(holds, what, timeout=30):
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def changed(live, path, text):
    """Write a file of the project and wait until the change is in force."""
    before = version(live)
    if text is None:
        (live.directory / path).unlink()
    else:
        (live.directory / path).write_text(text)
    wait_until(lambda: version(live) != before, f"{path} taken over")


class Traffic(threading.Thread):
    """Views by ten people, every second one of a boat, until it is stopped."""

    def __init__(self, live):
        super().__init__(daemon=True)
        self.client, self.ending, self.sent = live.client(), threading.Event(), 0

    def run(self):
        while not self.ending.is_set():
            number = self.sent
            message = viewed(f"live-{number % 10}", number, "boats" if number % 2 else "tents")
            assert self.client.post("/v1/batch", json={"batch": [message]}).status_code == 200
            self.sent += 1

    def stop(self):
        self.ending.set()
        self.join()
        self.client.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("reload") / "shop") as live:
        yield live


@pytest.fixture(scope="module")
def backfilled(shop):
    """A segment over what nobody counted before is added under traffic; (states seen, members)."""
    with shop.client() as client:
        for first in range(0, 4_000, 200):
            batch = [
                viewed(f"old-{n % 100}", n, "boats" if n % 100 < 40 else "shoes")
                for n in range(first, first + 200)
            ]
            assert client.post("/v1/batch", json={"batch": batch}).json()["appended"] == 200
        shop.wait_folded()
        traffic = Traffic(shop)
        traffic.start()
        (shop.directory / "segments" / "boats.yaml").write_text(BOATS)
        states = []

        def is_live():
            cards = {s["id"]: s["state"] for s in client.get("/v1/segments").json()["segments"]}
            if not states or states[-1] != cards.get("boat-lovers"):
                states.append(cards.get("boat-lovers"))
            return states[-1] == "live"

        wait_until(is_live, "the segment is live")
        traffic.stop()
        shop.wait_folded()
        page = client.get("/v1/segments/boat-lovers/members", params={"limit": 500}).json()
        people = {
            name: client.post("/v1/people/lookup", json={"kind": "user_id", "value": name}).json()
            for name in ("old-1", "old-41", "live-1", "live-2")
        }
        held = client.get(f"/v1/people/{people['old-1']['person']}").json()["memberships"]
        return {
            "states": states, "members": page["members"], "sent": traffic.sent, "held": held,
            "people": {name: found["person"] for name, found in people.items()},
        }  # fmt: skip


def test_a_new_segment_is_built_and_then_live(backfilled):
    states = [state for state in backfilled["states"] if state is not None]
    assert states in (["building", "live"], ["live"])


def test_the_members_are_those_of_the_whole_history_and_of_now(backfilled):
    assert backfilled["sent"] > 20
    people = backfilled["people"]
    in_ = {name for name, person in people.items() if person in backfilled["members"]}
    assert in_ == {"old-1", "live-1"}
    assert len(backfilled["members"]) == 40 + 5


def test_members_from_the_past_are_marked_as_backfill(backfilled):
    assert backfilled["held"]["boat-lovers"]["cause"] == "backfill"


def test_a_rebuild_after_the_backfill_gives_the_same_bytes_while_the_platform_runs(
    shop, backfilled
):
    assert backfilled["members"]
    report = json.loads(run_cli(shop.directory, "replay", "--verify", "--json").stdout)
    assert report["is_equal"], report["differences"]


def test_a_good_change_is_taken_over(shop):
    path = "offers/newsletter.yaml"
    text = (shop.directory / path).read_text()
    changed(shop, path, text.replace("lever: 1.5", "lever: 1.25"))
    shop.wait_for(f"project version {version(shop)} is taken over")


def test_a_folder_that_is_made_while_the_platform_runs_is_watched_too(shop):
    folder = shop.directory / "destinations"
    folder.mkdir()
    changed(shop, "destinations/ops.yaml", SLACK)
    changed(shop, "destinations/ops.yaml", SLACK + "text: Look\n")
    before = version(shop)
    (folder / "ops.yaml").unlink()
    folder.rmdir()
    wait_until(lambda: version(shop) != before, "the folder is gone")


def test_a_deletion_that_others_still_ask_for_is_refused(shop):
    path = shop.directory / "offers" / "free-shipping.yaml"
    text, before = path.read_text(), version(shop)
    path.unlink()
    refused = shop.directory / ".journeyfold" / "run" / "refused.json"
    wait_until(refused.exists, "the deletion is refused")
    assert version(shop) == before
    path.write_text(text)
    wait_until(lambda: not refused.exists(), "the file is back")


def test_a_broken_change_is_refused_and_shown_while_the_running_version_stays(shop):
    path = shop.directory / "segments" / "rfm.yaml"
    good, before = path.read_text(), version(shop)
    path.write_text(good.replace("features.rfm_r >= 4", "features.rmf_r >= 4", 1))
    refused = shop.directory / ".journeyfold" / "run" / "refused.json"
    wait_until(refused.exists, "the change is refused")
    shop.wait_for("the change is refused, the running version stays")
    (problem, *_) = json.loads(refused.read_text())
    assert problem["file"] == "segments/rfm.yaml"
    assert "rfm_r" in problem["suggestion"]
    assert version(shop) == before
    path.write_text(good + "# as before\n")
    wait_until(lambda: not refused.exists(), "the repair is seen")


def test_a_file_that_is_deleted_is_no_part_of_the_project_any_more(shop):
    changed(shop, "offers/newsletter.yaml", None)
    with shop.client() as client:
        asked = {
            "subject": {"user_id": "old-1"}, "placements": [{"id": "home-hero"}],
            "mode": "preview", "trace": True,
        }  # fmt: skip

        def judged():
            placed = client.post("/v1/decide", json=asked).json()["placements"][0]
            return {reason["offer"] for reason in placed["reasons"]}

        wait_until(lambda: "newsletter" not in judged(), "decisions follow the fold")
