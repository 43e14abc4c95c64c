"""Signed webhooks from the outbox of `work` to a receiver in another process.

The log holds one event a person and a journey with one `webhook` step; it is folded before the
platform starts, so that the outbox is full. Measured is from the first request to the last, while
`work` writes each result to the log and folds it.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from pathlib import Path

from figure import report
from harness.serving import beside, get, scratch, up
from harness.shop import IS_QUICK

from journeyfold.core.effect import effect_id
from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.scaffold import write_template
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

EFFECTS = 4_000 if IS_QUICK else 15_000
SECRET = "whsec_am91cm5leWZvbGQtd2ViaG9vay10ZXN0LXNlY3JldCE="
JOURNEY = """\
entry: [{event: Cart Updated}]
steps:
  - {id: call, webhook: {destination: crm}}
"""
DESTINATION = """\
type: webhook
url: "http://127.0.0.1:{port}/hook"
secret: "${{env:HOOK_SECRET}}"
rate: {{concurrency: {concurrency}}}
"""


def main() -> None:
    with scratch() as directory, beside("receiver.py") as port:
        write_project(directory, port)
        fill(directory)
        import os

        os.environ["HOOK_SECRET"] = SECRET
        started_s = time.monotonic()
        with up(directory):
            counts = await_all(port)
            settled_s = time.monotonic() - started_s
    report(
        "webhook_per_s", counts["requests"] / counts["seconds"], "1/s", goal=1_000, better="higher",
        effects=EFFECTS, doubled=counts["requests"] - counts["ids"],
        until_all_seconds=round(settled_s, 2),
    )  # fmt: skip


def write_project(directory: Path, port: int, concurrency: int = 4) -> None:
    write_template("shop", directory)
    for folder in ("journeys", "tests"):
        shutil.rmtree(directory / folder, ignore_errors=True)
    settings = directory / "journeyfold.yaml"
    text = settings.read_text()
    assert "\nserver:\n" in text
    allowed = "\nserver:\n  outgoing: {allow: [127.0.0.1/32]}\n"
    settings.write_text(text.replace("\nserver:\n", allowed))
    (directory / "journeys").mkdir(exist_ok=True)
    (directory / "journeys/call.yaml").write_text(JOURNEY)
    (directory / "destinations").mkdir(exist_ok=True)
    (directory / "destinations/crm.yaml").write_text(
        DESTINATION.format(port=port, concurrency=concurrency)
    )


def fill(directory: Path, effects: int = EFFECTS) -> None:
    """An event a person, and everything folded."""
    place = place_of(directory, None)
    project = checked_project(directory)
    workspace = Workspace(place, project)
    activate(workspace, project)
    now_us = workspace.clock.now_us()
    entries = [_cart(workspace, number, now_us) for number in range(effects)]
    for at in range(0, effects, 500):
        workspace.log.append(entries[at : at + 500], now_us=now_us)
    fold_to_head(workspace)
    workspace.close()


def _cart(workspace: Workspace, number: int, now_us: int) -> Entry:
    who = Identifier("user_id", f"user-{number}")
    event = Event(
        id=effect_id(f"cart/{number}"), name="Cart Updated", type="track",
        source="shop_server",
        identifiers=(who,), occurred_us=now_us, received_us=now_us,
        properties={"number": number, "cart_id": f"c-{number}", "value": 19.9}, context={"auth": "server"},
    )  # fmt: skip
    return Entry(event=event, nodes=(node_of(who, workspace.node_key),))


def await_all(port: int, effects: int = EFFECTS, seconds: float = 60) -> dict[str, float]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        counts: dict[str, float] = json.loads(get(port, "/counts")[1])
        if counts["ids"] >= effects:
            return counts
        time.sleep(0.1)
    sys.exit(f"of {effects} webhooks {counts['ids']} came within {seconds:g} s")


if __name__ == "__main__":
    main()
