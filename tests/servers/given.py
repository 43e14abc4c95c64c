"""Parcels and tools as the dispatcher gives them to a destination."""

from contextlib import contextmanager
from pathlib import Path

from journeyfold.activate.destination import Call, Parcel, Tools
from journeyfold.core.chance import draw_64

AT_US = 1_790_000_000_000_000
PERSON = "p_ann"


def event(key, person=PERSON, **body):
    return Parcel(key, "event", person, AT_US, body)


def row(key, of, **fields):
    return Parcel(key, "upsert", PERSON, AT_US, {**fields, "key": of})


def removal(key, of):
    return Parcel(key, "remove", PERSON, AT_US, {"key": of})


def tools(data=Path("data"), **secrets):
    """`secrets` are the values behind `${env:NAME}`."""

    def secret(text):
        for name, value in secrets.items():
            text = text.replace(f"${{env:{name}}}", value)
        return text

    def draw(name):
        return draw_64("jitter", "test", name)

    return Tools("test", _no_http, data, secret, lambda: AT_US, draw, data.parent)


@contextmanager
def opened(destined, data=Path("data"), **secrets):
    destination = destined.open(tools(data, **secrets))
    try:
        yield destination
    finally:
        destination.close()


def _no_http(call: Call):
    raise AssertionError(f"{call.url} was called")
