"""A fold that stands still: with `max_lag` the door says so, and goes on when it has caught up."""

from __future__ import annotations

import os
import signal
import time

import pytest
from live import run_cli, start


@pytest.fixture
def shop(tmp_path):
    directory = tmp_path / "shop"
    run_cli(tmp_path, "init", str(directory), "--template", "shop")
    settings = directory / "journeyfold.yaml"
    settings.write_text(settings.read_text().replace("server:\n", "server:\n  max_lag: 1s\n", 1))
    live = start(directory)
    yield live
    live.stop()


def answered(client, wanted, words="", timeout_s=60):
    """The first answer of this status with these words; the last one when it does not come."""
    until = time.monotonic() + timeout_s
    while True:
        reply = client.post("/v1/track", json={"userId": "ann", "event": "Page", "type": "track"})
        is_it = reply.status_code == wanted and words in reply.text
        if is_it or time.monotonic() > until:
            return reply
        time.sleep(0.1)


def test_the_door_waits_for_a_fold_that_stands_still_and_for_no_other(shop):
    (work,) = shop.children()["work"]
    with shop.client() as client:
        assert answered(client, 200).status_code == 200
        os.kill(work, signal.SIGSTOP)
        try:
            # One that stands still in the middle of a write makes the door say 503 at once.
            refused = answered(client, 503, "max_lag")
        finally:
            os.kill(work, signal.SIGCONT)
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) == 30
        assert "more than max_lag (1s)" in refused.text
        assert answered(client, 200).status_code == 200
