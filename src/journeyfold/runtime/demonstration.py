"""`demo`: a shop with sixty days behind it and visitors in it, in one command.

History goes through the real import, live traffic through the real door. Everything stays in the
directory, so a second start continues where the first one was.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import msgspec

from journeyfold.activate.destinations.mailbox import FOLDER
from journeyfold.adapters.admin_audit import By
from journeyfold.collect.batch import Options
from journeyfold.core.errors import UsageError
from journeyfold.core.event import Json
from journeyfold.core.instant import DAY_US, instant_us
from journeyfold.project.reports import Ready
from journeyfold.project.scaffold import write_template
from journeyfold.runtime import visitors
from journeyfold.runtime.clock import SystemClock
from journeyfold.runtime.importing import import_source
from journeyfold.runtime.recipients import Recipients
from journeyfold.runtime.starting import Starting
from journeyfold.runtime.supervisor import listen
from journeyfold.runtime.workspace import Place, Workspace, place_of

Progress = Callable[[str, int, int | None], None]
SEED = "demo"
HISTORY_DAYS = 60
SLIPS = (
    "of 400 messages of the live traffic one is sent twice and one breaks its schema, on purpose: "
    "the console shows what became of them"
)
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
    """What the demo shows, kept (0600) so that a second start shows the same."""

    write: str
    server: str
    sign_in: str
    subject: dict[str, str]


def demonstrate(
    directory: Path, *, data_file: Path | None, port: int, people: int,
    progress: Progress, ready: Callable[[Ready], None], say: Callable[[str], None],
) -> int:  # fmt: skip
    """Make the project, load its past, run it; the exit code."""
    place = place_of(directory, None)
    shop = _Shop(place, people) if data_file is None else _OrderLog(place, data_file.resolve())
    if not (directory / "journeyfold.yaml").is_file():
        shop.make()
    shop.require_own()
    run = Starting(
        place, host=None, port=port, workers=None, progress=progress, ready=ready, say=say
    )
    listen(run.host, run.port).close()  # a port in use is said before the history, not after it
    if not _is_imported(place, run):
        shop.load(progress)
        _mark_imported(place, run)
        shop.history.unlink(missing_ok=True)

    def greeting(workspace: Workspace, first: Ready) -> Ready:
        shop.keys = keys = _keys(workspace, shop, first.sign_in)
        return msgspec.structs.replace(
            first, sign_in=keys.sign_in, write_key=keys.write, server_key=keys.server,
            example=_example(run.url, keys), notices=(*first.notices, *shop.notices),
        )  # fmt: skip

    return run.run(greeting, lambda stop: shop.live(run, stop))


class _Shop:
    """Simulated shoppers."""

    sources = ("shop_web", "shop_server")
    kind, marked_by = "simulated shoppers", "history.yaml"
    notices: tuple[str, ...] = (SLIPS,)

    def __init__(self, place: Place, people: int) -> None:
        self._place, self._people = place, people
        self.keys: DemoKeys | None = None
        self.subject = {"user_id": "u00001"}  # of the printed decision; `load` knows a better one
        if self._asked.exists():  # the start that loaded ended before it had keys to show
            self.subject = msgspec.json.decode(self._asked.read_bytes(), type=dict[str, str])

    def make(self) -> None:
        write_template("shop", self._place.directory)
        path = self.history.relative_to(self._place.directory).as_posix()
        (self._place.directory / "sources" / "history.yaml").write_text(_HISTORY % path)

    def require_own(self) -> None:
        """UsageError when another kind of shop, or no demo at all, lives in the directory."""
        if not (self._place.directory / "sources" / self.marked_by).is_file():
            raise UsageError(
                f"{self._place.directory} is not a demo of {self.kind}; choose another --directory"
            )

    def load(self, progress: Progress) -> None:
        if not self.history.exists():
            self._simulate(progress)
        carts = _Carts()
        with self.history.open("rb") as file:
            for line in file:
                carts.note(msgspec.json.decode(line))
        if carts.left_by:
            self.subject = {"user_id": list(carts.left_by)[-1]}
        self._asked.write_bytes(msgspec.json.encode(self.subject))
        import_source(self._place, "history", Options(), progress)

    def _simulate(self, progress: Progress) -> None:
        """The file appears when it is whole: an interrupted first start goes on with the same."""
        from journeyfold.testing.regulars import past
        from journeyfold.testing.shoppers import history

        now_us = SystemClock().now_us()
        start_us = now_us - HISTORY_DAYS * DAY_US
        self._place.data.mkdir(parents=True, exist_ok=True)
        part = self.history.with_suffix(".part")
        with part.open("wb") as file:
            told = chain(past(SEED, now_us), history(SEED, self._people, start_us, now_us))
            for number, message in enumerate(told, 1):
                file.write(msgspec.json.encode(message) + b"\n")
                if number % 500 == 0:
                    at_us = instant_us(str(message["timestamp"])) or start_us
                    days = max(0, at_us - start_us) // DAY_US  # a few were customers before
                    progress("simulating days", days, HISTORY_DAYS)
        part.replace(self.history)
        progress("simulating days", HISTORY_DAYS, HISTORY_DAYS)

    def live(self, run: Starting, stop: threading.Event) -> None:
        assert self.keys is not None, "keys were made at the greeting"
        shoppers = visitors.Visitors(run.host, run.port, self.keys.write, stop)
        recipients = Recipients(self._place.data / FOLDER, stop)
        reading = threading.Thread(target=recipients.run, name="recipients", daemon=True)
        reading.start()
        visitors.shop(shoppers, SEED, self._people, SystemClock().now_us(), stop)
        shoppers.close()
        reading.join()

    @property
    def history(self) -> Path:
        """Kept until the import is marked as done: an interrupted start goes on with the same."""
        return self._place.data / "history.ndjson"

    @property
    def _asked(self) -> Path:
        return self._place.data / "demo-subject.json"


class _Carts:
    """Who agreed to personalization and left a cart behind: a good person to decide about."""

    def __init__(self) -> None:
        self._agreed: set[Json] = set()
        self.left_by: dict[str, None] = {}  # in the order of their last touch

    def note(self, message: dict[str, Json]) -> None:
        device, account = message.get("anonymousId"), str(message.get("userId", ""))
        match message.get("event"), message.get("properties"):
            case "Consent Updated", {"purposes": {"personalization": "granted"}}:
                self._agreed.add(device)
            case "Cart Updated", _ if account and device in self._agreed:
                self.left_by.pop(account, None)
                self.left_by[account] = None
            case "Order Completed", _:
                self.left_by.pop(account, None)


class _OrderLog(_Shop):
    """A real order log through the example project; its customers come again."""

    kind, marked_by = "an order log", "shop_orders.yaml"
    notices = ()

    def __init__(self, place: Place, data_file: Path) -> None:
        super().__init__(place, 0)
        self._file = data_file
        self.subject = {"customer_id": "12347"}

    def make(self) -> None:
        example = Path(__file__).resolve().parents[3] / "examples" / "online-retail"
        if not example.is_dir():
            raise UsageError(
                "the example project is part of the source tree; run this from a clone"
            )
        left = shutil.ignore_patterns(".journeyfold")
        shutil.copytree(example, self._place.directory, dirs_exist_ok=True, ignore=left)
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

    def live(self, run: Starting, stop: threading.Event) -> None:
        assert self.keys is not None, "keys were made at the greeting"
        customers = visitors.Visitors(run.host, run.port, self.keys.server, stop)
        visitors.orders(customers, SEED, SystemClock().now_us(), stop)
        customers.close()


def _example(url: str, keys: DemoKeys) -> str:
    question = {
        "subject": keys.subject, "placements": [{"id": "home-hero"}],
        "context": {"page": "/", "device": "mobile"}, "trace": True,
    }  # fmt: skip
    return (
        f"  curl -s -u '{keys.server}:' {url}/v1/decide \\\n"
        f"    -H 'Content-Type: application/json' \\\n"
        f"    -d '{msgspec.json.encode(question).decode()}'"
    )


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


def _keys(workspace: Workspace, shop: _Shop, sign_in: str) -> DemoKeys:
    path = workspace.place.data / _KEYS
    if path.exists():
        return msgspec.json.decode(path.read_bytes(), type=DemoKeys)
    admin, by = workspace.open_admin(), By("demo", "admin", workspace.clock.now_us())
    web, server = shop.sources
    _, write = admin.keys.create_key("pub", web, "dev", by)
    _, serve = admin.keys.create_key("srv", server, "dev", by)
    admin.close()
    keys = DemoKeys(write, serve, sign_in, shop.subject)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(keys))
    return keys
