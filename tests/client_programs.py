"""Public client libraries as programs that a test runs against a live platform, unchanged.

Each program sends one identify, `TRACKS` tracks numbered from 0, a page, a group and an alias. Each
has a source of its own, whose key is registered verbatim as a team that moves its apps would do.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import httpx
from live import Live, metrics, run_cli, start

HERE = Path(__file__).resolve().parent / "clients"
BUNDLE = HERE / "node_modules/@segment/analytics-next/dist/umd"
TRACKS = 20
EXPECTED = sorted(["Identify", "Page", "Group", "Alias", *["Client Event"] * TRACKS])

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Client Event",
    "x-journeyfold": {"type": "track", "version": 1, "purposes": ["analytics"]},
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
}


@dataclass(frozen=True)
class Program:
    """A library under one of its settings."""

    name: str
    script: str
    setting: str  # plain | gzip, in the browser single | batching
    kind: str = "server"

    @property
    def source(self) -> str:
        return f"client_{self.name}"

    @property
    def key(self) -> str:
        return f"WK-{self.name}"


SERVERS = [
    Program("segment_python_plain", "segment_python.py", "plain"),
    Program("segment_python_gzip", "segment_python.py", "gzip"),
    Program("rudder_python_plain", "rudder_python.py", "plain"),
    Program("rudder_python_gzip", "rudder_python.py", "gzip"),
    Program("segment_node", "segment_node.mjs", "plain"),  # it knows no compression
    Program("rudder_node_plain", "rudder_node.mjs", "plain"),
    Program("rudder_node_gzip", "rudder_node.mjs", "gzip"),
]
BROWSERS = [
    Program("browser_single", "segment_browser.html", "single", "browser"),
    Program("browser_batching", "segment_browser.html", "batching", "browser"),
]
LIBRARIES = [program for program in SERVERS if program.setting != "gzip"]


@contextlib.contextmanager
def shop_with_clients(directory: Path) -> Iterator[Live]:
    """A running shop with a source and a key for every program."""
    run_cli(directory.parent, "init", str(directory), "--template", "shop")
    for program in SERVERS + BROWSERS:
        source_file(directory, program).write_text(
            f"kind: {program.kind}\nbasis: contract\npurposes: [analytics, personalization]\n"
            f"keys: [{program.key}]\nlimits: {{events_per_s: 1000, burst: 5000}}\n"
        )
    (directory / "schemas" / "client_event.1.json").write_text(json.dumps(SCHEMA))
    features = directory / "features.yaml"
    counted = "features:\n  client_events: {value: 'count(\"Client Event\")'}\n"
    features.write_text(features.read_text().replace("features:\n", counted, 1))
    live = start(directory)
    try:
        yield live
    finally:
        live.stop()


def source_file(directory: Path, program: Program) -> Path:
    return directory / "sources" / f"{program.source}.yaml"


def begin(program: Program, live: Live, user: str) -> subprocess.Popen[str]:
    runner = [sys.executable] if program.script.endswith(".py") else ["node"]
    words = [live.url, program.key, user, str(TRACKS), program.setting]
    return subprocess.Popen(
        [*runner, str(HERE / program.script), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
    )


def finish(running: subprocess.Popen[str], timeout: float = 90) -> None:
    """The program ended by itself, and lost nothing that it knows of."""
    try:
        complaints = running.communicate(timeout=timeout)[1]
    finally:
        running.kill()
    assert running.returncode == 0, complaints


@contextlib.contextmanager
def shop_pages() -> Iterator[str]:
    """The test page and the library's own bundle on an origin of their own; yields the page."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _ShopPages) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/segment_browser.html"
        server.shutdown()
        thread.join()


def page_url(page: str, program: Program, live: Live, user: str) -> str:
    query = {
        "host": f"127.0.0.1:{live.port}",
        "key": program.key,
        "user": user,
        "count": TRACKS,
        "mode": program.setting,
    }
    return f"{page}?{urlencode(query)}"


class _ShopPages(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path: str) -> str:
        file = path.partition("?")[0].removeprefix("/")
        if file.startswith("analytics-next/"):
            return str(BUNDLE / Path(file).name)
        return str(HERE / Path(file).name)

    def log_message(self, *words: object) -> None:
        """Not into the test's output."""


def person_of(live: Live, user: str) -> dict[str, object]:
    with live.client() as client:
        found = client.post("/v1/people/lookup", json={"kind": "user_id", "value": user})
        assert found.status_code == 200, found.text
        return client.get(f"/v1/people/{found.json()['person']}").json()


def records_of(live: Live, user: str) -> list[dict[str, object]]:
    """Every event of the person, oldest first."""
    live.wait_folded()
    person, before, records = person_of(live, user)["person"], None, []
    with live.client() as client:
        while True:
            page = client.get(
                f"/v1/people/{person}/records", params={"before": before} if before else {}
            ).json()
            records += page["records"]
            before = page.get("next_before")
            if before is None:
                return [each for each in reversed(records) if each["type"] not in INTERNAL]


INTERNAL = {"output", "system", "decision", "timer"}


def assert_delivered(live: Live, program: Program, user: str) -> list[dict[str, object]]:
    """All that the program sent has arrived, once each."""
    records = records_of(live, user)
    assert sorted(record["name"] for record in records) == EXPECTED
    tracked = [record for record in records if record["name"] == "Client Event"]
    assert sorted(record["properties"]["n"] for record in tracked) == list(range(TRACKS))
    assert {record["source"] for record in records} == {program.source}
    assert len({record["id"] for record in records}) == len(records)
    return records


def appended(live: Live, program: Program) -> float:
    name = f'journeyfold_events_received_total{{result="appended",source="{program.source}"}}'
    return metrics(live.url).get(name, 0)


def throttled(live: Live, program: Program, status: int) -> float:
    """How often the platform answered 429 or 503 to this program."""
    name = f'journeyfold_throttled_total{{source="{program.source}",status="{status}"}}'
    return metrics(live.url).get(name, 0)


def limit(live: Live, events_per_s: int, burst: int) -> None:
    """Change what every program may send, as its owner would: in its source's file."""
    for program in SERVERS + BROWSERS:
        path = source_file(live.directory, program)
        wanted = f"limits: {{events_per_s: {events_per_s}, burst: {burst}}}"
        path.write_text(re.sub(r"limits: .*", wanted, path.read_text()))
    wait_for_reload(live)


def reserve(live: Live, size: str) -> None:
    """Change how much of the disk must stay free."""
    path = live.directory / "journeyfold.yaml"
    path.write_text(re.sub(r"disk: .*", f"disk: {{reserve: {size}}}", path.read_text()))
    wait_for_reload(live)


def wait_for_reload(live: Live) -> None:
    """Until the door judges by the files as they are now."""
    was, deadline = version(live), time.monotonic() + 15
    while version(live) == was:
        assert time.monotonic() < deadline, "the change was not taken up"
        time.sleep(0.05)


def version(live: Live) -> str:
    return httpx.get(f"{live.url}/healthz", trust_env=False).json()["project"]


def wait_until(holds: Callable[[], bool], what: str, timeout: float = 60) -> None:
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)
