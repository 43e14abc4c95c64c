"""A real Chromium in front of the console, served over a socket from a sample desk.

CHROMIUM names the browser; without it the one on PATH is taken. Where there is none, these tests
are skipped and say so; `.ci/run` installs one.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from journeyfold.adapters.admin_audit import By
from journeyfold.adapters.sqlite_admin import SqliteAdmin
from journeyfold.api.session import Sessions
from journeyfold.console.app import Console
from journeyfold.testing.desk import SampleDesk

HERE = Path(__file__).parent
PASSWORD = "correct horse battery"
CHROMIUM = os.environ.get("CHROMIUM") or next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)
ARGUMENTS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


class Served:
    """The console on a port of its own, with the desk behind it."""

    def __init__(self, desk, accounts):
        self.desk = desk
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        app = Console(desk, Sessions(accounts, desk.clock)).app()
        config = uvicorn.Config(
            app, port=port, log_level="error", server_header=False, ws="none", lifespan="off"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self):
        self._server.force_exit = True
        self._server.should_exit = True
        self._thread.join(5)


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    admin = SqliteAdmin(tmp_path_factory.mktemp("admin"))
    admin.users.add_user("mila", "admin", PASSWORD, By("test", "admin", 1))
    yield admin.users
    admin.close()


@pytest.fixture(scope="module")
def served(accounts):
    made = Served(SampleDesk(people=60), accounts)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def first_start(accounts):
    made = Served(SampleDesk(people=0), accounts)
    yield made
    made.stop()


@pytest.fixture(scope="session")
def serve():
    """A console of one's own, to be stopped by its test."""
    return lambda accounts: Served(SampleDesk(people=6), accounts)


@pytest.fixture(scope="module")
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium: install the package chromium or set CHROMIUM to its path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core, from a lock file without addresses; fetched once and kept."""
    script = HERE / "node_modules/axe-core/axe.min.js"
    if not script.exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("no npm: axe-core is fetched with it")
        subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=HERE, check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sign_in():
    return signed_in


@pytest.fixture(scope="module")
def state(chromium, served):
    """Cookies of a signed-in user."""
    context = chromium.new_context()
    page = context.new_page()
    signed_in(page, served.url)
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def opened(chromium, served, state):
    """Opens a page of the console; what it complains about is collected in `page.complaints`."""
    contexts = []

    def at(path="/", *, width=1280, height=900, scheme="light", script=True):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme,
            storage_state=state, java_script_enabled=script,
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                page.complaints.append(said.text) if said.type in ("error", "warning") else None
            ),
        )
        page.on(
            "request",
            lambda asked: (
                page.complaints.append(f"foreign: {asked.url}")
                if not asked.url.startswith((served.url, "data:"))
                else None
            ),
        )
        page.goto(served.url + path)
        return page

    yield at
    for context in contexts:
        context.close()


def signed_in(page, url):
    page.goto(f"{url}/sign-in")
    page.fill("#u", "mila")
    page.fill("#p", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(f"{url}/")
