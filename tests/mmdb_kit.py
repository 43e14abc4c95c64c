"""A writer of MaxMind DB files for tests (MaxMind DB file format 2.0, IPv4, records of 24 bits)."""

from __future__ import annotations

import struct
from ipaddress import ip_network
from pathlib import Path
from typing import Self

MARKER = b"\xab\xcd\xefMaxMind.com"


class Sized(int):
    """A number with its type of the format: 5 uint16, 6 uint32, 9 uint64."""

    kind: int

    def __new__(cls, value: int, kind: int) -> Self:
        made = super().__new__(cls, value)
        made.kind = kind
        return made


class Double(float):
    """A number of eight bytes: type 3."""


def write_places(path: Path, places: dict[str, dict[str, object]], kind: str = "Test-City") -> None:
    """`places`: network → what is known of it."""
    data, offsets = b"", {}
    for network, found in places.items():
        offsets[network] = len(data)
        data += _encoded(found)
    nodes: list[list[int | str | None]] = [[None, None]]
    for network in places:
        prefix = ip_network(network)
        bits = f"{int(prefix.network_address):032b}"[: prefix.prefixlen]
        at = 0
        for bit in bits[:-1]:
            following = nodes[at][int(bit)]
            if not isinstance(following, int):
                nodes.append([None, None])
                following = nodes[at][int(bit)] = len(nodes) - 1
            at = following
        nodes[at][int(bits[-1])] = network
    tree = b"".join(_record(each, len(nodes), offsets) for node in nodes for each in node)
    told = {
        "binary_format_major_version": Sized(2, 5), "binary_format_minor_version": Sized(0, 5),
        "build_epoch": Sized(1_795_300_000, 9), "database_type": kind, "description": {"en": kind},
        "ip_version": Sized(4, 5), "languages": ["en"], "node_count": Sized(len(nodes), 6),
        "record_size": Sized(24, 5),
    }  # fmt: skip
    path.write_bytes(tree + bytes(16) + data + MARKER + _encoded(told))


def _record(each: int | str | None, count: int, offsets: dict[str, int]) -> bytes:
    if isinstance(each, str):
        return (count + 16 + offsets[each]).to_bytes(3, "big")
    return (count if each is None else each).to_bytes(3, "big")


def _encoded(value: object) -> bytes:
    match value:
        case Sized():
            raw = int(value).to_bytes(8, "big").lstrip(b"\0")
            return _head(value.kind, len(raw)) + raw
        case Double():
            return _head(3, 8) + struct.pack(">d", value)
        case str():
            raw = value.encode()
            return _head(2, len(raw)) + raw
        case dict():
            pairs = b"".join(_encoded(key) + _encoded(each) for key, each in value.items())
            return _head(7, len(value)) + pairs
        case list():
            return _head(11, len(value)) + b"".join(map(_encoded, value))
    raise AssertionError(f"no {type(value).__name__} in a test's file of places")


def _head(kind: int, size: int) -> bytes:
    more = b"" if size < 29 else bytes([size - 29])
    low = min(size, 29)
    return bytes([kind << 5 | low]) + more if kind <= 7 else bytes([low, kind - 7]) + more
