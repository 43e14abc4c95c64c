"""Signed, tracked, templated mail from the outbox of `work` to an SMTP server in another process.

The log holds an event a person and a journey with one `send`; it is folded before the platform
starts, so that the outbox is full. The platform has one core, the server another. Measured is from
the first message to the last, while `work` renders, rewrites links, signs with RSA-2048, commits
each lease before its bytes are written, and writes each result to the log and folds it. The figure
is of a second of processor time of `work`; what the wall saw stands beside it, which here is the
disk's syncs. The peer sends the last of these messages as it is, over one kept connection, to the same server.
"""

from __future__ import annotations

import json
import os
import shutil
import smtplib
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from figure import report
from harness.serving import beside, family, processor_seconds, scratch, up
from harness.shop import IS_QUICK

from journeyfold.activate.destination import Mail
from journeyfold.activate.mail import mail_bytes
from journeyfold.core.effect import effect_id
from journeyfold.core.event import Event, Identifier, Json
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.scaffold import write_template
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

MESSAGES = 1_500 if IS_QUICK else 6_000
CONNECTIONS = 16
PEER_S = 2.0 if IS_QUICK else 4.0
JOURNEY = """\
entry: [{event: Cart Updated}]
policy: {purpose: marketing, quiet: never}
steps:
  - {id: mail, send: {channel: email, template: bench}}
"""
TEMPLATE = """\
subject: 'Your cart, {{ traits.first_name }}'
preheader: It is still there
from: Shop <hello@shop.example>
"""
BODY = """\
<mjml><mj-head><mj-style>.s {color: #0b5f76} a:hover {color: #084a5c}</mj-style></mj-head><mj-body>
<mj-section><mj-column>
<mj-text>Hello {{ traits.first_name | default: "there" }}, your cart is still there.</mj-text>
<mj-button href="https://shop.example/cart?user={{ traits.first_name }}">To the cart</mj-button>
<mj-text><a class="s" href="https://shop.example/help">Help</a>
 <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
"""
DESTINATION = """\
type: smtp
host: 127.0.0.1
port: {port}
tls: none
dkim: {{selector: s1, key: "${{file:dkim.pem}}"}}
rate: {{concurrency: {concurrency}}}
"""


def main() -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    with scratch() as directory, beside("post_office.py") as port:
        os.sched_setaffinity(0, {cores[0]})
        write_project(directory, port)
        fill(directory)
        with up(directory) as (_, supervisor):
            work = worker_of(supervisor)
            first, spent_s = told(port), processor_seconds(work)
            counts = await_all(port)
            spent_s = processor_seconds(work) - spent_s
        peer = plain(port, int(counts["bytes"] / counts["messages"]))
    os.sched_setaffinity(0, set(cores))
    if not (counts["signed"] and counts["tracked"]):
        sys.exit("what came was not signed or not tracked")
    seen = counts["messages"] - first["messages"]
    report(
        "mail_per_s", seen / spent_s, "1/s of a core", goal=300, better="higher",
        baseline=peer[1], peer_wall_per_s=round(peer[0], 1), wall_per_s=round(counts["messages"] / counts["seconds"], 1), messages=MESSAGES, connections=CONNECTIONS, doubled=counts["messages"] - counts["ids"],
        bytes_each=round(counts["bytes"] / counts["messages"]),
    )  # fmt: skip


def worker_of(supervisor: int) -> int:
    """The process that folds and sends."""
    for process in family(supervisor):
        if b"work" in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0"):
            return process
    sys.exit("the platform has no `work` process")


def write_project(directory: Path, port: int, concurrency: int = CONNECTIONS) -> None:
    write_template("shop", directory)
    for folder in ("journeys", "tests", "destinations"):
        shutil.rmtree(directory / folder, ignore_errors=True)
        (directory / folder).mkdir()
    (directory / "journeys/bench.yaml").write_text(JOURNEY)
    message = directory / "templates/bench"
    message.mkdir(parents=True)
    (message / "template.yaml").write_text(TEMPLATE)
    (message / "body.mjml").write_text(BODY)
    key = rsa.generate_private_key(65_537, 2_048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (directory / "dkim.pem").write_bytes(pem)
    (directory / "destinations/post.yaml").write_text(
        DESTINATION.format(port=port, concurrency=concurrency)
    )


def fill(directory: Path, messages: int = MESSAGES) -> None:
    """Who they are, what they agreed to, and a cart each; everything folded."""
    project = checked_project(directory)
    workspace = Workspace(place_of(directory, None), project)
    activate(workspace, project)
    now_us = workspace.clock.now_us()
    entries = [each for number in range(messages) for each in _person(workspace, number, now_us)]
    for at in range(0, len(entries), 600):
        workspace.log.append(entries[at : at + 600], now_us=now_us)
    fold_to_head(workspace)
    workspace.close()


def _person(workspace: Workspace, number: int, now_us: int) -> list[Entry]:
    granted: dict[str, Json] = dict.fromkeys(
        ("marketing", "marketing_email", "analytics"), "granted"
    )
    traits: dict[str, Json] = {"email": f"user{number}@example.com", "first_name": f"Ann{number}"}
    return [
        _entry(workspace, number, now_us, "Identify", "identify", {}, traits),
        _entry(workspace, number, now_us, "Consent Updated", "track", {"purposes": granted}, {}),
        _entry(
            workspace, number, now_us, "Cart Updated", "track",
            {"cart_id": f"c-{number}", "value": 19.9}, {},
        ),
    ]  # fmt: skip


def _entry(
    workspace: Workspace, number: int, now_us: int, name: str, type_: str,
    properties: dict[str, Json], traits: dict[str, Json],
) -> Entry:  # fmt: skip
    who = Identifier("user_id", f"user-{number}")
    event = Event(
        id=effect_id(f"{name}/{number}"), name=name, type=type_, source="shop_server",
        identifiers=(who,), occurred_us=now_us, received_us=now_us, properties=properties,
        traits=traits, context={"auth": "server"},
    )  # fmt: skip
    return Entry(event=event, nodes=(node_of(who, workspace.node_key),))


def await_all(port: int, messages: int = MESSAGES, seconds: float = 60) -> dict[str, float]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        counts = told(port)
        if counts["ids"] >= messages:
            return counts
        time.sleep(0.2)
    sys.exit(f"of {messages} messages {counts['ids']} came within {seconds:g} s")


def told(port: int) -> dict[str, float]:
    with smtplib.SMTP("127.0.0.1", port, "bench") as server:
        counts: dict[str, float] = json.loads(server.docmd("VRFY", "counts")[1])
    return counts


def plain(port: int, size: int) -> tuple[float, float]:
    """Messages a second, of the wall and of the processor, of one who sends what is ready over a
    kept connection.
    """
    mail = Mail("ann@example.com", "Shop <hello@shop.example>", "Your cart", "x" * 70, "y" * size)
    raw = mail_bytes(mail, key=effect_id("peer"), domain="shop.example", at_us=0)[:size]
    sent, ends, begun_s = 0, time.perf_counter() + PEER_S, time.process_time()
    with smtplib.SMTP("127.0.0.1", port, "bench") as server:
        server.ehlo()
        while time.perf_counter() < ends:
            server.sendmail("hello@shop.example", ["ann@example.com"], raw)
            sent += 1
    return sent / PEER_S, sent / (time.process_time() - begun_s)


if __name__ == "__main__":
    main()
