"""Figures are for this machine and for server keys (OBS-2)."""

from base64 import b64encode

import pytest

from journeyfold.collect.keys import MemoryKeys
from journeyfold.collect.request import Request
from journeyfold.core.keys import ApiKey, hashed, new_key
from journeyfold.runtime.scrape import why_not

PUB = new_key("pub", "live", bytes(range(16)), bytes(range(32)))
SRV = new_key("srv", "live", bytes(range(1, 17)), bytes(range(1, 33)))
KEYS = MemoryKeys(
    ApiKey(key.id, key.kind, "shop", key.env, hashed(key.secret), ("collect",), 1)
    for key in (PUB, SRV)
)


def cause(ip, key="", query=b"", **headers):
    if key:
        headers["authorization"] = "Basic " + b64encode(f"{key}:".encode()).decode()
    given = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    denied = why_not(Request("GET", "/metrics", query, given, ip), KEYS, 2)
    return denied.cause if denied else ""


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1"])
def test_this_machine_needs_no_key(ip):
    assert cause(ip) == ""


def test_what_was_forwarded_does_not_come_from_this_machine():
    assert cause("127.0.0.1", x_forwarded_for="203.0.113.9") == "missing"
    assert cause("127.0.0.1", forwarded="for=203.0.113.9") == "missing"


@pytest.mark.parametrize(
    ("key", "expected"),
    [("", "missing"), ("nonsense", "unknown"), (str(PUB), "scope"), (str(SRV), "")],
)
def test_others_need_a_server_key(key, expected):
    assert cause("203.0.113.9", key) == expected


def test_a_server_key_in_the_address_opens_nothing():
    query = f"writeKey={SRV}".encode()
    assert cause("203.0.113.9", query=query) == "server_key_in_url"
