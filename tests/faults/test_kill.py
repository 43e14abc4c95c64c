"""P1: a 200 survives `kill -9`. Processes die at random and at named points under load."""

import contextlib
import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from faults.senders import Sender, finished, started
from live import Live, free_port, metrics, platform, run_cli, start, wait_ready

from journeyfold.runtime.refolding import ask
from journeyfold.runtime.workspace import Workspace, place_of

KILLS = int(os.environ.get("JOURNEYFOLD_KILLS", "200"))
NAMED_S = 4.0
POINTS = {
    "before_begin": 20, "after_insert": 20, "before_commit": 20, "after_commit_before_ack": 20,
    "mid_fold": 10, "before_state_commit": 10, "after_state_commit": 10,
    "mid_delivery": 20, "after_delivery_before_status": 10, "mid_checkpoint": 1,
    "mid_state_swap": 1,
}  # fmt: skip
"""Where a process dies, and at which visit: every life of it does some work first."""
AT_POINTS_MIN = 3
AT_RANDOM = KILLS - AT_POINTS_MIN * len(POINTS)
pytestmark = [pytest.mark.kill, pytest.mark.slow]


class Killer(threading.Thread):
    """Kills the processes of a role, each 20 to 300 ms after it works, while there are `lives`."""

    def __init__(self, live: Live, role: str, lives: Iterator[int], seed: int) -> None:
        super().__init__(daemon=True)
        self.live, self.role, self.lives, self.chance = live, role, lives, random.Random(seed)
        self.done = 0

    def run(self) -> None:
        opened_ns = 0
        for _ in self.lives:  # shared: whoever is back first is next
            process, opened_ns = self.working(opened_ns)
            time.sleep(self.chance.uniform(0.02, 0.3))
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
                self.done += 1

    def working(self, before_ns: int) -> tuple[int, int]:
        """The process, once it has opened all its stores: its mailbox in `run/` is the last."""
        while True:
            time.sleep(0.01)
            with contextlib.suppress(OSError, IndexError):
                (mailbox,) = (self.live.directory / ".journeyfold/run").glob(f"{self.role}*.port")
                opened_ns = mailbox.stat().st_mtime_ns
                if opened_ns != before_ns:
                    return self.live.children()[self.role][0], opened_ns


def verify(live: Live, senders: list[Sender]) -> None:
    """Acknowledged ⊆ log, each id once; the sums add up; a rebuild gives the same bytes."""
    wait_ready(live)
    live.wait_folded(120)
    numbers = metrics(live.url)
    gaps = {name: value for name, value in numbers.items() if "conservation_gap" in name}
    assert gaps
    assert not any(gaps.values()), gaps
    assert numbers["journeyfold_parked_records"] == 0
    assert live.stop() == 0, live.output
    told = json.loads(run_cli(live.directory, "replay", "--verify", "--json", timeout=300).stdout)
    assert told["is_equal"] is True, told
    ids = exported(live)
    assert len(ids) == len(set(ids)), "an event stands in the log twice"
    lost = set().union(*(sender.acknowledged for sender in senders)) - set(ids)
    assert not lost, f"{len(lost)} acknowledged events are not in the log"
    assert set(ids) <= set().union(*(sender.sent for sender in senders))
    appended = 'journeyfold_events_received_total{result="appended",source="shop_server"}'
    assert numbers[appended] == len(ids)


def impatient_shop(directory: Path) -> None:
    """Carts are abandoned after a second, so that there is something to deliver."""
    run_cli(directory, "init", "shop", "--template", "shop")
    segments = directory / "shop" / "segments" / "shopping.yaml"
    segments.write_text(segments.read_text().replace('>= "5m"', '>= "1s"', 1))


def fold_again(live: Live) -> None:
    """What `quarantine replay` asks for when records are parked; it holds until it is done."""
    workspace = Workspace(place_of(live.directory, None))
    ask(workspace.log.marks)
    workspace.close()


def exported(live: Live) -> list[str]:
    run_cli(live.directory, "export", "events", "--to", "events.ndjson", timeout=300)
    rows = map(json.loads, (live.directory / "events.ndjson").read_text().splitlines())
    return [row["id"] for row in rows if row["source"] == "shop_server"]


def acknowledge_more(senders: list[Sender]) -> None:
    """Until every client had one more batch taken: the platform works after all that."""
    before = [len(sender.acknowledged) for sender in senders]
    deadline = time.monotonic() + 30
    while any(len(s.acknowledged) == b for s, b in zip(senders, before, strict=True)):
        assert time.monotonic() < deadline, "nothing is acknowledged any more"
        time.sleep(0.05)


@pytest.mark.timeout(900)
def test_no_acknowledged_event_is_lost_or_doubled_by_kills_at_random(tmp_path):
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    with platform(tmp_path / "shop") as live:
        senders = started(live, 4)
        lives = iter(range(AT_RANDOM))
        killers = [Killer(live, role, lives, seed) for role in ("serve", "work")]
        for killer in killers:
            killer.start()
        for killer in killers:
            killer.join()
        assert min(killer.done for killer in killers) > AT_RANDOM // 8
        wait_ready(live)
        acknowledge_more(senders)
        finished(senders)
        assert live.kills() >= AT_RANDOM
        verify(live, senders)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", POINTS)
def test_nothing_is_lost_at_a_named_point(tmp_path, name):
    impatient_shop(tmp_path)
    live = start(tmp_path / "shop", None, JOURNEYFOLD_KILL_POINT=f"{name}:{POINTS[name]}")
    try:
        senders = started(live, 2)
        if name == "mid_state_swap":
            fold_again(live)
        deadline = time.monotonic() + 30
        until = time.monotonic() + NAMED_S
        while live.kills() < AT_POINTS_MIN or time.monotonic() < until:
            assert time.monotonic() < deadline, f"{live.kills()} deaths at {name} are too few"
            time.sleep(0.05)
        finished(senders)
        with contextlib.suppress(httpx.HTTPError, AssertionError):
            live.wait_folded(10)
        print(f"{live.kills()} deaths at {name}")
        live.stop()
        healthy = start(live.directory, live.port)  # without the fault everything is folded
        live = healthy
        verify(healthy, senders)
    finally:
        live.stop()


@pytest.mark.timeout(120)
def test_a_first_start_that_is_killed_before_a_file_has_its_name_is_repeated(tmp_path):
    run_cli(tmp_path, "init", "shop", "--template", "shop")
    killed = run_cli(
        tmp_path / "shop", "up", "--port", str(free_port()), check=False,
        JOURNEYFOLD_KILL_POINT="before_rename",
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "shop/.journeyfold/FORMAT").exists()
    live = start(tmp_path / "shop")
    assert live.stop() == 0, live.output
