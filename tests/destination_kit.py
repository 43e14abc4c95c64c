"""A destination opened as `work` opens it, from its YAML, over the real HTTP client."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

from journeyfold.activate.destination import Parcel, Tools
from journeyfold.activate.reach import Reach
from journeyfold.adapters.outgoing import Outgoing
from journeyfold.core.chance import draw_64
from journeyfold.project.load import load
from journeyfold.project.substitute import substitute

NOW_US = 1_795_334_400_000_000  # 2026-11-22T08:00:00Z
SECRETS = {"TOKEN": "t0ken", "WHSEC": "whsec_am91cm5leWZvbGQtd2ViaG9vay10ZXN0LXNlY3JldCE="}
PROJECT = {"journeyfold.yaml": "name: shop\n"}


def destined(text):
    """What `destinations/there.yaml` with this text says, checked as `journeyfold check` does."""
    return load({**PROJECT, "destinations/there.yaml": text}).destinations["there"]


@contextmanager
def opened(text, *, now_us=NOW_US, secrets=SECRETS, data=Path("unused")):
    client = Outgoing(Reach(["127.0.0.1"]))
    tools = Tools(
        "there", client, data, lambda told: substitute(told, secrets, lambda _: ""),
        now_us if callable(now_us) else lambda: now_us, lambda name: draw_64("assign", "test", name),
    )  # fmt: skip
    destination = destined(text).open(tools)
    try:
        yield destination
    finally:
        destination.close()
        client.close()


def parcel(kind="webhook", body=None, *, key="8b1f2f2e-0000-5000-8000-000000000001", **more):
    return Parcel(key, kind, "p_1", NOW_US, body or {}, **more)


def statuses(outcomes):
    return [each.status for each in outcomes]
