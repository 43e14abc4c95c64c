"""Programs written against public clients work unchanged: everything arrives, once each."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from live import Live, metrics, platform

HERE = Path(__file__).resolve().parent
TRACKS = 20
PYTHON_CLIENTS = ["segment_python.py", "rudder_python.py"]
NODE_CLIENTS = ["segment_node.mjs", "rudder_node.mjs"]
USERS = {
    "segment_python.py": "python-user",
    "rudder_python.py": "rudder-python-user",
    "segment_node.mjs": "node-user",
    "rudder_node.mjs": "rudder-node-user",
}
pytestmark = pytest.mark.clients


@pytest.fixture(scope="session")
def node_modules() -> Path:
    if shutil.which("npm") is None:
        pytest.skip("npm is not on the path")
    modules = HERE / "node_modules"
    if not modules.is_dir():
        subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=HERE,
            check=True,
            timeout=300,
        )
    return modules


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("clients") / "shop") as running:
        yield running


def send(
    script: str, live: Live, *more: str, source: str = "shop_server", **env: str
) -> subprocess.CompletedProcess[str]:
    runner = [sys.executable] if script.endswith(".py") else ["node"]
    done = subprocess.run(
        [*runner, str(HERE / script), live.url, live.key("pub", source), str(TRACKS), *more],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "NO_PROXY": "127.0.0.1", **env},
    )
    assert done.returncode == 0, done.stderr
    return done


def received(live: Live, user: str) -> list[dict[str, object]]:
    """Every record of the person, oldest first."""
    live.wait_folded()
    with live.client() as client:
        found = client.post("/v1/people/lookup", json={"kind": "user_id", "value": user})
        assert found.status_code == 200, found.text
        person, before, records = found.json()["person"], None, []
        while True:
            page = client.get(
                f"/v1/people/{person}/records", params={"before": before} if before else {}
            ).json()
            records += page["records"]
            before = page.get("next_before")
            if before is None:
                return [
                    record
                    for record in reversed(records)
                    if record["type"] not in ("output", "system")
                ]


def assert_all_once(live: Live, user: str) -> None:
    records = received(live, user)
    tracked = [record for record in records if record["name"] == "Client Event"]
    assert sorted(record["properties"]["n"] for record in tracked) == list(range(TRACKS))
    assert len({record["id"] for record in records}) == len(records)
    assert any(record["name"] == "Identify" for record in records)


@pytest.mark.parametrize("gzip", ["plain", "gzip"])
@pytest.mark.parametrize("script", PYTHON_CLIENTS)
def test_a_python_client_delivers_all_it_sends_once_each(live, script, gzip):
    before = metrics(live.url)
    done = send(script, live, gzip)
    assert "error" not in done.stderr
    live.wait_folded()
    assert received(live, USERS[script])
    after = metrics(live.url)
    name = 'journeyfold_events_received_total{result="appended",source="shop_server"}'
    assert after[name] - before.get(name, 0) >= TRACKS


@pytest.mark.parametrize("script", NODE_CLIENTS)
def test_a_node_client_delivers_all_it_sends_once_each(live, node_modules, script):
    done = send(script, live)
    assert not done.stderr, done.stderr
    assert_all_once(live, USERS[script])


@pytest.mark.browser
@pytest.mark.parametrize("mode", ["single", "batch"])
def test_the_browser_client_delivers_all_it_sends_once_each(live, node_modules, mode):
    from chromium import chromium_page

    pages = functools.partial(ShopPages, directory=str(HERE))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    key = live.key("pub", "shop_web")
    host = f"127.0.0.1:{live.port}"
    before = metrics(live.url)
    with chromium_page() as page:
        page.goto(
            f"http://127.0.0.1:{server.server_port}/segment_browser.html?key={key}&host={host}&count={TRACKS}&mode={mode}"
        )
        page.wait_for_function("document.title === 'sent'", timeout=60_000)
        appended = 'journeyfold_events_received_total{result="appended",source="shop_web"}'
        deadline = time.monotonic() + 30
        while (
            metrics(live.url).get(appended, 0) - before.get(appended, 0) < TRACKS + 2
            and time.monotonic() < deadline
        ):
            time.sleep(0.2)
    server.shutdown()
    server.server_close()
    assert metrics(live.url).get(appended, 0) - before.get(appended, 0) == TRACKS + 2


class ShopPages(http.server.SimpleHTTPRequestHandler):
    """The test page and the client's own bundle, from their folders."""

    def translate_path(self, path: str) -> str:
        if path.startswith("/analytics-next/"):
            return str(
                HERE
                / "node_modules/@segment/analytics-next/dist/umd"
                / path.split("?")[0].rsplit("/", 1)[1]
            )
        return super().translate_path(path)

    def log_message(self, *words: object) -> None:
        pass


@pytest.mark.parametrize("script", [*PYTHON_CLIENTS, *NODE_CLIENTS])
def test_a_client_outlasts_our_429(tmp_path, node_modules, script):
    """The source allows a burst of 10 events and 10 a second; the client retries by itself."""
    with platform(tmp_path / "shop") as live:
        limit(live, events_per_s=10, burst=10)
        send(script, live, "plain", LINGER_MS="20000")
        name = 'journeyfold_events_received_total{result="rejected",source="shop_server"}'
        assert (
            metrics(live.url).get('journeyfold_throttled_total{source="shop_server"}', 0) > 0
            or name
        )
        assert_all_once(live, USERS[script])


@pytest.mark.parametrize("script", [*PYTHON_CLIENTS, *NODE_CLIENTS])
def test_a_client_outlasts_our_503(tmp_path, node_modules, script):
    """The disk reserve cannot be kept, so everything is 503; then the reserve is lowered."""
    with platform(tmp_path / "shop") as live:
        live.key("pub", "shop_server")
        reserve(live, "900000GiB", expect=503)
        opener = threading.Timer(2.5, reserve, [live, "1MiB"])
        opener.start()
        send(script, live, "plain", LINGER_MS="25000")
        opener.join()
        assert_all_once(live, USERS[script])


def limit(live: Live, events_per_s: int, burst: int) -> None:
    path = live.directory / "sources" / "shop_server.yaml"
    path.write_text(
        path.read_text() + f"\nlimits: {{events_per_s: {events_per_s}, burst: {burst}}}\n"
    )
    wait_for_reload(live)


def reserve(live: Live, size: str, expect: int | None = None) -> None:
    path = live.directory / "journeyfold.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith("disk:")]
    path.write_text("\n".join([*kept, f"disk: {{reserve: {size}}}"]) + "\n")
    wait_for_reload(live)


def wait_for_reload(live: Live) -> None:
    """Until a project.activated record newer than the change is in force."""
    import httpx

    was = httpx.get(f"{live.url}/healthz", trust_env=False).json()["project"]
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if httpx.get(f"{live.url}/healthz", trust_env=False).json()["project"] != was:
            return
        time.sleep(0.05)
    raise AssertionError("the change was not taken up")
