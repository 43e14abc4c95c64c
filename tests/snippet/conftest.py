"""A shop whose cart is abandoned after two seconds, its pages, and one Chromium to look at them."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from chromium import chromium_page
from live import Live, run_cli, start
from playwright.sync_api import TimeoutError as NotInTime

CSP = (
    "default-src 'none'; script-src 'nonce-shop' {host}; connect-src {host}; "
    "style-src 'none'; base-uri 'none'"
)
SHOPPER = (  # the browser's own says that it is headless, and what bots do is nobody's interest
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
SEND_NOW = "dispatchEvent(new Event('online'))"
HTML_OFFER = """\
purpose: necessary
category: strip
variants:
  - id: plain
    content: {template: strip.liquid}
"""
HTML_PLACEMENT = 'selector: "#strip"\noffers: {categories: [strip]}\n'
HTML_TEMPLATE = """\
<p class="strip">Hello <a href="/new" onclick="document.title = 'ran'">new things</a></p>
<script>document.title = "ran"</script>
<a class="bad" href="javascript:document.title='ran'">bad</a>
"""


class Pages(http.server.ThreadingHTTPServer):
    """Pages of the shop: path → HTML, each under a strict policy."""

    def __init__(self, policy: str) -> None:
        self.policy, self.by_path = policy, {}
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.server.by_path.get(self.path.split("?")[0], "<!doctype html><title>-</title>")
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-security-policy", self.server.policy)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *words):
        pass


@pytest.fixture(scope="session")
def live(tmp_path_factory):
    shop = tmp_path_factory.mktemp("snippet") / "shop"
    run_cli(shop.parent, "init", str(shop), "--template", "shop")
    segments = shop / "segments" / "shopping.yaml"
    segments.write_text(
        segments.read_text().replace(
            'recency("Cart Updated") >= "5m"', 'recency("Cart Updated") >= "2s"'
        )
    )
    (shop / "offers" / "strip.yaml").write_text(HTML_OFFER)
    (shop / "placements" / "strip.yaml").write_text(HTML_PLACEMENT)
    (shop / "templates").mkdir(exist_ok=True)
    (shop / "templates" / "strip.liquid").write_text(HTML_TEMPLATE)
    running = start(shop)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def write_key(live):
    return live.key("pub", "shop_web")


@pytest.fixture(scope="module")
def browser():
    """Closed with its module: Playwright's loop must not run under the next file's tests."""
    with chromium_page() as page:
        yield page.context.browser


@pytest.fixture(scope="session")
def pages(live):
    served = Pages(CSP.format(host=live.url))
    yield served
    served.shutdown()
    served.server_close()


@dataclass
class Visit:
    """One visitor: a browser context of their own, and what its pages complained about."""

    live: Live
    pages: Pages
    key: str
    context: object
    complaints: list[str] = field(default_factory=list)
    requests: list[object] = field(default_factory=list)

    def open(
        self, body: str = "", settings: str = "{}", script: str = "", path: str = "/",
        attributes: str = "", before: Callable[[object], None] = lambda _page: None,
    ):  # fmt: skip
        """A page with the snippet, its settings and calls made through the documented stub."""
        self.pages.by_path[urlsplit(path).path] = f"""<!doctype html>
<html lang="en"><head><title>Shop</title>
<script nonce="shop">
  window.jf = window.jf || [];
  ["identify", "track", "page", "group", "alias", "reset", "ready", "consent", "decide"].forEach(
    function (name) {{ jf[name] = jf[name] || function () {{ jf.push([name, arguments]); }}; }});
  window.jfSettings = {settings};
  {script}
</script>
<script async src="{self.live.url}/js/jf.js" data-write-key="{self.key}" {attributes}></script>
</head><body>{body}</body></html>"""
        page = self.context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type == "error" else None,
        )
        page.on("request", lambda asked: self.requests.append(asked))
        before(page)
        page.goto(self.pages.url + path)
        self.until(page, "Boolean(window.jf && jf.version)")
        return page

    def come_before(self) -> str:
        """An earlier page: from now on the platform knows the visitor and what it may decide."""
        page = self.open(path="/welcome")
        id_ = page.evaluate("jf.anonymousId()")
        self.named(id_, "Page")
        self.live.wait_folded()
        page.close()
        self.requests.clear()
        return id_

    def shown(self, page, selector: str = ".jf-item"):
        """What was drawn. An answer after 300 ms is not, so a busy machine may need another visit."""
        for _ in range(8):
            try:
                page.locator(selector).first.wait_for(timeout=10_000)
            except NotInTime:
                self.requests.clear()
                page.reload()
            else:
                return page.locator(selector)
        raise AssertionError(f"{selector} is never there; {self.complaints}")

    def until(self, page, expression: str, timeout: float = 10):
        """Its value once it is true; Playwright's own waiting would need a page that may eval."""
        deadline = time.monotonic() + timeout
        while not (value := page.evaluate(expression)):
            assert time.monotonic() < deadline, f"never: {expression}; {self.complaints}"
            page.wait_for_timeout(50)
        return value

    def sent(self, path: str) -> list[object]:
        return [each for each in self.requests if urlsplit(each.url).path == path]

    def records(self, anonymous_id: str) -> list[dict]:
        """What the log holds about the visitor, oldest first."""
        with self.live.client() as client:
            found = client.post(
                "/v1/people/lookup", json={"kind": "anonymous_id", "value": anonymous_id}
            )
            if found.status_code != 200:
                return []
            person = found.json()["person"]
            records, before = [], None
            while True:
                query = {"before": before, "limit": 500} if before else {"limit": 500}
                answer = client.get(f"/v1/people/{person}/records", params=query).json()
                records += answer["records"]
                before = answer.get("next_before")
                if before is None:
                    return records[::-1]

    def named(
        self, anonymous_id: str, name: str, count: int = 1, timeout: float = 30
    ) -> list[dict]:
        """Records of a name, once there are so many of them; the page need not wait for three
        seconds to send."""
        deadline = time.monotonic() + timeout
        page = self.context.pages[-1]
        while True:
            page.evaluate(SEND_NOW)
            found = [each for each in self.records(anonymous_id) if each["name"] == name]
            if len(found) >= count:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(
                    f"{len(found)} of {count} {name!r}: "
                    f"{[each['name'] for each in self.records(anonymous_id)]}; {self.complaints}"
                )
            page.wait_for_timeout(100)


@pytest.fixture
def visit(live, pages, write_key, browser):
    made = Visit(live, pages, write_key, browser.new_context(user_agent=SHOPPER))
    yield made
    with suppress(Exception):
        made.context.close()
