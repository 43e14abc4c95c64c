"""A shop whose outbox is full, receivers that count, and a `work` that is killed over and over."""

import contextlib
import os
import random
import re
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter

from journeyfold.core.effect import effect_id
from journeyfold.core.event import Event, Identifier
from journeyfold.core.ports import Entry
from journeyfold.identity.normalise import node_of
from journeyfold.project.scaffold import write_template
from journeyfold.runtime import outbox
from journeyfold.runtime.folding import fold_to_head
from journeyfold.runtime.supervisor import child_command
from journeyfold.runtime.workspace import Workspace, activate, checked_project, place_of

SECRET = "whsec_am91cm5leWZvbGQtd2ViaG9vay10ZXN0LXNlY3JldCE="  # of journeys A21
POINTS = ("after_lease", "before_send", "after_send_before_result", "after_result_before_row")
IDLE_S = 15.0
CALL = """
entry: [{event: Cart Updated}]
steps:
  - {id: call, webhook: {destination: crm}}
"""
MAIL = """
entry: [{event: Cart Updated}]
policy: {purpose: marketing, quiet: never}
steps:
  - {id: mail, send: {channel: email, template: plain, delivery: %s}}
"""
TEMPLATE = {
    "templates/plain/template.yaml": "subject: Your cart\nfrom: Shop <shop@example.com>\n",
    "templates/plain/body.txt": "It is still there.\n",
}


class Receiver(socketserver.ThreadingTCPServer):
    """What came, by the id of its effect, in the order it came."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.came, self.lock = [], threading.Lock()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, key):
        with self.lock:
            self.came.append(key)

    @property
    def doubled(self):
        return sum(number - 1 for number in Counter(self.came).values())

    def handle_error(self, request, client_address):
        """Clients are killed here: that is no error of ours."""


class Web(socketserver.StreamRequestHandler):
    """Webhooks over kept connections; whoever keeps the ids carries out each effect once."""

    disable_nagle_algorithm = True

    def handle(self):
        while line := self.rfile.readline():
            headers = {}
            while (header := self.rfile.readline().strip()) and line:
                name, _, value = header.decode().partition(":")
                headers[name.lower()] = value.strip()
            self.rfile.read(int(headers["content-length"]))
            self.server.take(headers["webhook-id"])
            self.wfile.write(b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n")


class Post(socketserver.StreamRequestHandler):
    """As much SMTP as a sender needs; a message counts when its last dot is here."""

    disable_nagle_algorithm = True

    def handle(self):
        self.say("220 here")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.say("354 go on")
                self.server.take(self.message())
                self.say("250 taken")
            elif word == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 fine")

    def message(self):
        key = ""
        while (line := self.rfile.readline().rstrip(b"\r\n")) != b".":
            if found := re.match(rb"message-id: <([^@]+)@", line, re.IGNORECASE):
                key = found[1].decode()
        return key

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


def write_shop(directory, destination, journey):
    write_template("shop", directory)
    for folder in ("journeys", "tests"):
        shutil.rmtree(directory / folder)
    settings = directory / "journeyfold.yaml"
    allowed = "\nserver:\n  outgoing: {allow: [127.0.0.1/32]}\n"
    settings.write_text(settings.read_text().replace("\nserver:\n", allowed))
    files = {"journeys/one.yaml": journey, "destinations/crm.yaml": destination, **TEMPLATE}
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)


def fill(directory, effects):
    """One effect a person, folded, so that the outbox is full."""
    project = checked_project(directory)
    workspace = Workspace(place_of(directory, None), project)
    activate(workspace, project)
    now_us = workspace.clock.now_us()
    for at in range(0, effects, 500):
        people = range(at, min(at + 500, effects))
        entries = [entry for person in people for entry in lives(workspace, person, now_us)]
        workspace.log.append(entries, now_us=now_us)
    fold_to_head(workspace)
    workspace.close()


def lives(workspace, person, now_us):
    who = Identifier("user_id", f"user-{person}")
    consent = {"purposes": {"marketing": "granted", "marketing_email": "granted"}}
    told = [
        ("Identify", "identify", {}, {"email": f"user-{person}@example.com"}),
        ("Consent Updated", "track", consent, {}),
        ("Cart Updated", "track", {"cart_id": f"c-{person}"}, {}),
    ]
    for name, kind, properties, traits in told:
        event = Event(
            id=effect_id(f"{name}/{person}"), name=name, type=kind, source="shop_server",
            identifiers=(who,), occurred_us=now_us, received_us=now_us, properties=properties,
            traits=traits, context={"auth": "server"},
        )  # fmt: skip
        yield Entry(event=event, nodes=(node_of(who, workspace.node_key),))


class Work:
    """The `work` process of a directory, without a supervisor that would start it again."""

    def __init__(self, directory, seed):
        self.place, self.chance = place_of(directory, None), random.Random(seed)
        self.errors = (directory / "work.log").open("ab")
        self.process, self.kills, self.idle = None, 0, 0

    def start(self, **env):
        self.process = subprocess.Popen(
            child_command("work", self.place.directory, self.place.data), stdin=subprocess.PIPE,
            stderr=self.errors, env={**os.environ, "HOOK_SECRET": SECRET, **env},
        )  # fmt: skip

    def live_and_die(self, receiver, most=60):
        """Until so many more have come, and a moment; every second life ends at a named point."""
        named = self.kills % 2 == 1
        which = POINTS[self.kills // 2 % len(POINTS)]
        point = f"{which}:{self.chance.randint(1, 6)}" if named else ""
        enough = len(receiver.came) + self.chance.randint(1, most)
        self.start(**({"JOURNEYFOLD_KILL_POINT": point} if point else {}))
        until_s = time.monotonic() + IDLE_S
        while self.process.poll() is None and (named or len(receiver.came) < enough):
            if time.monotonic() > until_s:  # nothing was left to be sent
                self.idle += 1
                break
            time.sleep(0.001)
        time.sleep(self.chance.uniform(0, 0.01))
        self.process.kill()
        assert self.process.wait(10) == -signal.SIGKILL
        self.process.stdin.close()
        self.kills += 1

    def finish(self, seconds=120):
        """Start once more and let everything go out; the rows that stay."""
        self.start()
        workspace = Workspace(self.place)
        state = workspace.read_state()
        until_s = time.monotonic() + seconds
        while True:
            with state.read() as reader:
                left = list(outbox.rows(reader))
            if not any(row.state in {"pending", "leased"} for row in left):
                break
            assert self.process.poll() is None, "work ended by itself"
            assert time.monotonic() < until_s, f"{len(left)} rows do not go out"
            time.sleep(0.1)
        state.close()
        self.process.terminate()
        assert self.process.wait(20) == 0
        self.process.stdin.close()
        self.errors.close()
        results = results_of(workspace)
        workspace.close()
        return left, results


def results_of(workspace):
    """Effect → the results the log has of it."""
    found, after = {}, -1
    while records := workspace.log.read(after, 2_000):
        after = records[-1].offset
        for record in records:
            family, _, result = record.event.name.partition(".")
            if family in {"message", "webhook"} and result != "attempted":
                found.setdefault(record.event.properties["message"], []).append(result)
    return found


def stop(receiver):
    with contextlib.suppress(OSError):
        receiver.shutdown()
    receiver.server_close()


sys.setswitchinterval(0.001)  # receivers are threads of the test, and must not be what is slow
