"""Delivery survives `kill -9` (journeys A2, A3): at random, and between every two of its steps.

`JOURNEYFOLD_OUTBOX_KILLS=200` is the promise, over 10,000 effects; without it a few.
"""

import os
import random

import pytest
from faults.effects import CALL, MAIL, Post, Receiver, Web, Work, fill, stop, write_shop

KILLS = int(os.environ.get("JOURNEYFOLD_OUTBOX_KILLS", "8"))
EFFECTS = 50 * KILLS
WEBHOOK = """
type: webhook
url: http://127.0.0.1:{port}/hook
secret: "${{env:HOOK_SECRET}}"
rate: {{concurrency: 4, per_second: 1000, burst: 40}}
"""
SMTP = """
type: smtp
host: 127.0.0.1
port: {port}
tls: none
rate: {{concurrency: {connections}}}
"""
CONNECTIONS = 4
pytestmark = [pytest.mark.kill, pytest.mark.slow, pytest.mark.timeout(120 + 15 * KILLS)]


def survived(directory, handler, destination, journey):
    """(the receiver, rows that stay, results by effect, kills)."""
    receiver = Receiver(handler)
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    try:
        write_shop(
            directory, destination.format(port=receiver.port, connections=CONNECTIONS), journey
        )
        fill(directory, EFFECTS)
        work = Work(directory, seed)
        for _ in range(KILLS):
            work.live_and_die(receiver)
        left, results = work.finish()
    finally:
        stop(receiver)
    doubled = receiver.doubled
    assert work.idle <= KILLS // 4, f"{work.idle} lives had nothing to send"
    print(f"{work.kills} kills, {len(set(receiver.came))} came, {doubled} twice, {len(left)} stay")
    return receiver, left, results, work.kills


def test_a_webhook_receiver_that_keeps_ids_sees_every_effect_and_none_twice(tmp_path):
    receiver, left, results, kills = survived(tmp_path / "shop", Web, WEBHOOK, CALL)
    assert kills == KILLS
    effects = set(receiver.came)  # what a receiver that keeps the ids carries out
    assert len(effects) == EFFECTS
    assert effects == results.keys()
    assert all(told == ["sent"] for told in results.values())
    assert left == []


def test_mail_at_least_once_is_never_lost_and_rarely_twice(tmp_path):
    journey = MAIL % "at_least_once"
    receiver, left, results, kills = survived(tmp_path / "shop", Post, SMTP, journey)
    assert len(set(receiver.came)) == EFFECTS
    assert receiver.doubled <= kills * CONNECTIONS
    assert all(told == ["sent"] for told in results.values())
    assert left == []


def test_mail_at_most_once_is_never_twice_and_what_is_unknown_is_listed(tmp_path):
    journey = MAIL % "at_most_once"
    receiver, left, results, kills = survived(tmp_path / "shop", Post, SMTP, journey)
    assert receiver.doubled == 0
    unknown = {row.key for row in left}
    assert {row.state for row in left} <= {"unknown"}
    assert len(unknown) <= kills * CONNECTIONS
    assert len(set(receiver.came) | unknown) == EFFECTS
    assert all(
        told == (["unknown"] if key in unknown else ["sent"]) for key, told in results.items()
    )
