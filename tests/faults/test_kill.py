"""P1: a 200 survives `kill -9`. Processes die at random and at named points under load."""

import contextlib
import itertools
import json
import os
import random
import signal
import threading
import time

import httpx
import pytest
from live import Live, platform, run_cli, start, wait_ready

KILLS = int(os.environ.get("JOURNEYFOLD_KILLS", "200"))
SENDERS, BATCH = 4, 20
POINTS = [
    "before_begin", "after_insert", "before_commit", "after_commit_before_ack",
    "mid_fold", "before_state_commit", "after_state_commit",
]  # fmt: skip
pytestmark = [pytest.mark.kill, pytest.mark.slow]


class Sender(threading.Thread):
    """Posts batches over one kept connection and writes down what was acknowledged."""

    def __init__(self, live: Live, key: str, number: int) -> None:
        super().__init__(daemon=True)
        self.live, self.key, self.number = live, key, number
        self.acknowledged: set[str] = set()
        self.sent: set[str] = set()
        self.enough = threading.Event()

    def run(self) -> None:
        for batch in itertools.count():
            if self.enough.is_set():
                return
            ids = [f"k{self.number}-{batch}-{n}" for n in range(BATCH)]
            self.sent |= set(ids)
            self.deliver(ids)
            time.sleep(0.01)

    def deliver(self, ids: list[str]) -> None:
        """Retry the same batch until it is acknowledged, as every client does."""
        items = [self.message(id_) for id_ in ids]
        while not self.enough.is_set():
            with contextlib.suppress(httpx.HTTPError):
                answer = httpx.post(
                    f"{self.live.url}/v1/batch",
                    json={"batch": items},
                    auth=(self.key, ""),
                    timeout=10,
                    trust_env=False,
                )
                if answer.status_code == 200:
                    body = answer.json()
                    assert body["appended"] + body["duplicate"] == BATCH, body
                    self.acknowledged |= set(ids)
                    return
            time.sleep(0.02)

    def message(self, id_: str) -> dict[str, object]:
        user = f"u{hash(id_) % 50}"
        if id_.endswith("-0"):
            return {
                "type": "identify",
                "messageId": id_,
                "userId": user,
                "anonymousId": f"a-{user}",
                "traits": {"country": "DE"},
            }
        return {
            "type": "track", "messageId": id_, "userId": user, "event": "Product Viewed",
            "properties": {"sku": "S1", "name": "Shoe", "category": "shoes", "price": 10.5},
        }  # fmt: skip


def kill_at_random(live: Live, role: str, kills: int, seed: int, done: list[int]) -> None:
    chance = random.Random(seed)
    killed = 0
    while killed < kills:
        time.sleep(chance.uniform(0.02, 0.3))
        for process in live.children()[role]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
                killed += 1
            break
    done.append(killed)


def verify(live: Live, senders: list[Sender]) -> None:
    """Acknowledged ⊆ log, each id once; the sums add up; a rebuild gives the same bytes."""
    wait_ready(live)
    live.wait_folded(120)
    live.stop()
    told = json.loads(run_cli(live.directory, "replay", "--verify", "--json", timeout=300).stdout)
    assert told["differences"] == 0, told
    exported = run_cli(
        live.directory, "export", "events", "--format", "jsonl", timeout=300
    ).stdout.splitlines()
    ids = [row["id"] for row in map(json.loads, exported) if row["id"].startswith("k")]
    assert len(ids) == len(set(ids)), "an event stands in the log twice"
    lost = set().union(*(sender.acknowledged for sender in senders)) - set(ids)
    assert not lost, f"{len(lost)} acknowledged events are not in the log"
    assert set(ids) <= set().union(*(sender.sent for sender in senders))


@pytest.mark.timeout(900)
def test_no_acknowledged_event_is_lost_or_doubled_by_kills_at_random(tmp_path):
    with platform(tmp_path / "shop", template="blank") as live:
        key = live.key("srv", "server")
        senders = [Sender(live, key, number) for number in range(SENDERS)]
        for sender in senders:
            sender.start()
        done: list[int] = []
        killers = [
            threading.Thread(
                target=kill_at_random, args=(live, role, KILLS // 2, seed, done), daemon=True
            )
            for seed, role in enumerate(("serve", "work"))
        ]
        for killer in killers:
            killer.start()
        for killer in killers:
            killer.join()
        wait_ready(live)
        time.sleep(0.5)
        for sender in senders:
            sender.enough.set()
        for sender in senders:
            sender.join(15)
        assert sum(done) >= KILLS - 1
        assert any(sender.acknowledged for sender in senders)
        verify(live, senders)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", POINTS)
def test_nothing_is_lost_at_a_named_point(tmp_path, name):
    run_cli(tmp_path, "init", "shop", "--template", "blank")
    live = start(tmp_path / "shop", None, JOURNEYFOLD_KILL_POINT=f"{name}:30")
    try:
        senders = [Sender(live, live.key("srv", "server"), number) for number in range(2)]
        for sender in senders:
            sender.start()
        time.sleep(4)
        wait_ready(live)
        for sender in senders:
            sender.enough.set()
        for sender in senders:
            sender.join(15)
        verify(live, senders)
    finally:
        live.stop()
