"""`demo`: a shop with sixty days behind it and visitors in it, in one command.

History goes through the real import, live traffic through the real door. Everything stays in the
directory, so a second start continues where the first one was.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from journeyfold.adapters.admin_audit import By
from journeyfold.collect.batch import Options
from journeyfold.core.chance import uniform
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US
from journeyfold.project.reports import Ready
from journeyfold.project.scaffold import write_template
from journeyfold.runtime.clock import SystemClock
from journeyfold.runtime.importing import import_source
from journeyfold.runtime.starting import Starting
from journeyfold.runtime.workspace import Place, Workspace, place_of

Progress = Callable[[str, int, int | None], None]
SEED = "demo"
HISTORY_DAYS = 60
_IMPORTED = "demo_imported"
_KEYS = "demo-keys.json"
_HISTORY = """\
# Sixty days of the shop's past as wire messages, one JSON object a line (made by the demo).
kind: import
preset: wire
description: The shop's past
owner: demo@example.com
update: once
basis: contract
purposes: [analytics, personalization]
read: {ndjson: %s}
"""


class DemoKeys(msgspec.Struct):
    """The keys of the demo, kept so that a second start shows the same."""

    write: str
    server: str


def demonstrate(
    directory: Path, *, data_file: Path | None, port: int, people: int,
    progress: Progress, ready: Callable[[Ready], None], say: Callable[[str], None],
) -> int:  # fmt: skip
    """Make the project, load its past, run it; the exit code."""
    place = place_of(directory, None)
    shop = _Shop(place, people) if data_file is None else _OrderLog(place, data_file.resolve())
    if not (directory / "journeyfold.yaml").is_file():
        shop.make()
    run = Starting(
        place, host=None, port=port, workers=None, progress=progress, ready=ready, say=say
    )
    if not _is_imported(place, run):
        shop.load(progress)
        _mark_imported(place, run)

    def greeting(workspace: Workspace, first: Ready) -> Ready:
        keys = _keys(workspace, shop.sources)
        shop.keys = keys
        return msgspec.structs.replace(
            first, write_key=keys.write, server_key=keys.server,
            example=shop.example(run.url, keys),
        )  # fmt: skip

    return run.run(greeting, lambda stop: shop.live(run, stop))


class _Shop:
    """Simulated shoppers."""

    sources = ("shop_web", "shop_server")

    def __init__(self, place: Place, people: int) -> None:
        self._place, self._people = place, people
        self.keys: DemoKeys | None = None

    def make(self) -> None:
        write_template("shop", self._place.directory)
        path = self._history.relative_to(self._place.directory).as_posix()
        (self._place.directory / "sources" / "history.yaml").write_text(_HISTORY % path)

    def load(self, progress: Progress) -> None:
        from journeyfold.testing.shoppers import history

        now_us = SystemClock().now_us()
        start_us = now_us - HISTORY_DAYS * DAY_US
        self._place.data.mkdir(parents=True, exist_ok=True)
        with self._history.open("wb") as file:
            for number, message in enumerate(history(SEED, self._people, start_us, now_us), 1):
                file.write(msgspec.json.encode(message) + b"\n")
                if number % 500 == 0:
                    progress("sixty days of shoppers", number, None)
        import_source(self._place, "history", Options(), progress)
        self._history.unlink()

    def example(self, url: str, keys: DemoKeys) -> str:
        body = (
            '{"subject": {"user_id": "u-00001"}, "placements": [{"id": "home-hero"}], '
            '"context": {"page": "/"}, "trace": true}'
        )
        return (
            f"  curl -s -u '{keys.server}:' {url}/v1/decide \\\n"
            f"    -H 'Content-Type: application/json' \\\n    -d '{body}'"
        )

    def live(self, run: Starting, stop: threading.Event) -> None:
        """Visitors until the end: their messages, and what the pages ask and show."""
        from journeyfold.testing.shoppers import live

        assert self.keys is not None, "keys were made at the greeting"
        visitor = _Visitors(run.host, run.port, self.keys.write)
        now_us = SystemClock().now_us()
        for at_us, message in live(f"{SEED}/{now_us}", self._people, now_us):
            if stop.wait(max(0.0, (at_us - SystemClock().now_us()) / 1e6)):
                break
            visitor.send(message)
        visitor.close()

    @property
    def _history(self) -> Path:
        return self._place.data / "history.ndjson"


class _OrderLog(_Shop):
    """A real order log through the example project; its orders of the first days come again."""

    sources = ("shop_web", "shop_server")

    def __init__(self, place: Place, data_file: Path) -> None:
        super().__init__(place, 0)
        self._file = data_file

    def make(self) -> None:
        example = Path(__file__).resolve().parents[3] / "examples" / "online-retail"
        if not example.is_dir():
            raise UsageError(
                "the example project is part of the source tree; run this from a clone"
            )
        shutil.copytree(example, self._place.directory, dirs_exist_ok=True)
        path = self._place.directory / "sources" / "shop_orders.yaml"
        lines = [
            f"read: {{parquet: {msgspec.json.encode(str(self._file)).decode()}}}"
            if line.startswith("read:")
            else line
            for line in path.read_text().splitlines()
        ]
        path.write_text("\n".join(lines) + "\n")

    def load(self, progress: Progress) -> None:
        import_source(self._place, "shop_orders", Options(), progress)

    def example(self, url: str, keys: DemoKeys) -> str:
        body = '{"subject": {"customer_id": "12347"}, "placements": [{"id": "home-hero"}], "trace": true}'
        return (
            f"  curl -s -u '{keys.server}:' {url}/v1/decide \\\n"
            f"    -H 'Content-Type: application/json' \\\n    -d '{body}'"
        )

    def live(self, run: Starting, stop: threading.Event) -> None:
        """Known customers order again, a few a second."""
        assert self.keys is not None, "keys were made at the greeting"
        visitor = _Visitors(run.host, run.port, self.keys.server)
        for number, message in enumerate(_orders(SystemClock().now_us())):
            if stop.wait(0.2 + uniform("sample", SEED, str(number))):
                break
            visitor.send(message)
        visitor.close()


class _Shown(msgspec.Struct):
    receipt: str | None = None


class _Placed(msgspec.Struct):
    items: list[_Shown] = []


class _Told(msgspec.Struct):
    """What a visitor's page reads of an answer."""

    placements: list[_Placed] = []


class _Visitors:
    """One kept connection; a message that fails is sent again, as any client does."""

    def __init__(self, host: str, port: int, key: str) -> None:
        self._connection = http.client.HTTPConnection(host, port, timeout=10)
        self._headers = {
            "Authorization": "Basic " + b64encode(f"{key}:".encode()).decode(),
            "Content-Type": "application/json",
        }
        self._shown = 0

    def send(self, message: dict[str, Json]) -> None:
        self._post("/v1/batch", {"batch": [message]})
        anonymous = message.get("anonymousId")
        if message.get("type") == "page" and isinstance(anonymous, str):
            self._page(anonymous)

    def close(self) -> None:
        self._connection.close()

    def _page(self, anonymous: str) -> None:
        """The page asks what to show, says that it was seen, and one in nine is clicked."""
        answer = self._post(
            "/v1/decide",
            {
                "subject": {"anonymous_id": anonymous},
                "placements": [{"id": "home-hero"}],
                "context": {"page": "/", "device": "desktop"},
            },
        )
        for placed in answer.placements:
            for item in placed.items:
                if item.receipt:
                    self._shown += 1
                    self._expose(item.receipt, anonymous)

    def _expose(self, receipt: str, anonymous: str) -> None:
        self._post("/v1/expose", {"receipt": receipt, "surface": "web"})
        if self._shown % 9 == 0:
            clicked = {
                "type": "track", "event": "Offer Clicked", "anonymousId": anonymous,
                "properties": {"receipt": receipt},
            }  # fmt: skip
            self._post("/v1/batch", {"batch": [clicked]})

    def _post(self, path: str, body: dict[str, object]) -> _Told:
        for pause_s in (0.2, 1.0, 3.0):
            with contextlib.suppress(OSError, http.client.HTTPException, msgspec.MsgspecError):
                self._connection.request("POST", path, msgspec.json.encode(body), self._headers)
                answer = self._connection.getresponse()
                told = answer.read()
                if answer.status not in {429, 503}:
                    return (
                        msgspec.json.decode(told, type=_Told) if answer.status == 200 else _Told()
                    )
            self._connection.close()
            time.sleep(pause_s)
        return _Told()


def _orders(seed_us: int) -> Iterator[dict[str, Json]]:
    number = 0
    while True:
        number += 1
        customer = 12346 + int(uniform("sample", str(seed_us), f"who{number}") * 5_900)
        total = round(5 + 60 * uniform("sample", str(seed_us), f"much{number}"), 2)
        yield {
            "type": "track", "event": "Order Completed", "messageId": f"live-{seed_us}-{number}",
            "context": {"externalIds": [{"type": "customer_id", "id": str(customer)}]},
            "properties": {"order_id": f"L{number}", "currency": "GBP", "total": total, "products": []},
        }  # fmt: skip


def _is_imported(place: Place, run: Starting) -> bool:
    workspace = Workspace(place, run.project)
    try:
        return workspace.log.marks.number(_IMPORTED) is not None
    finally:
        workspace.close()


def _mark_imported(place: Place, run: Starting) -> None:
    workspace = Workspace(place, run.project)
    workspace.log.marks.set_number(_IMPORTED, workspace.clock.now_us())
    workspace.close()


def _keys(workspace: Workspace, sources: tuple[str, str]) -> DemoKeys:
    path = workspace.place.data / _KEYS
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=DemoKeys)
    admin, by = workspace.open_admin(), By("demo", "admin", workspace.clock.now_us())
    _, write = admin.keys.create_key("pub", sources[0], "dev", by)
    _, server = admin.keys.create_key("srv", sources[1], "dev", by)
    admin.close()
    keys = DemoKeys(write, server)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(keys))
    return keys
