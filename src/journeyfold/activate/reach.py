"""Which addresses outgoing requests may go to (journeys A22). Pure: it resolves nothing.

Nothing inside is reached unless the project lists it: loopback, private, link-local, carrier,
translated (NAT64, 6to4, Teredo, IPv4 in IPv6), multicast and reserved ranges. A URL is read more
narrowly than RFC 3986 allows, since whatever two readers may understand differently is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

URL_MAX = 8_192
_PORTS = {"http": 80, "https": 443}
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_LABELS = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")

# IANA special-purpose registries (RFC 6890 and its updates). Of IPv6 only 2000::/3 is unicast.
_INSIDE_4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
            "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        ),
    )
)  # fmt: skip
_UNICAST_6 = IPv6Network("2000::/3")
_INSIDE_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))


class UrlError(ValueError):
    """A sentence: what is wrong with a URL, and where it matters what to write."""


class Target(NamedTuple):
    """A URL as it is connected to and asked for; `host` has no brackets."""

    scheme: str
    host: str
    port: int
    path: str  # with the query, beginning with /

    @property
    def authority(self) -> str:
        """As the Host header says it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str) -> Target:
    """Raises UrlError for what is no plain http(s) URL."""
    if len(url) > URL_MAX or not _VISIBLE.fullmatch(url) or "\\" in url:
        raise UrlError("a URL holds visible ASCII without backslashes; write xn--… and %20")
    scheme, found, rest = url.partition("://")
    if not found or scheme.lower() not in _PORTS:
        raise UrlError(f"'{scheme[:20]}' is not http or https")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority:
        raise UrlError("a URL holds no user name; write a header and a secret")
    if "#" in rest:
        raise UrlError("a URL that is asked for has no fragment")
    try:
        split = urlsplit(url)
        host, port = split.hostname or "", split.port
    except ValueError as error:
        raise UrlError(str(error)) from None
    if authority.endswith(":") or port == 0:
        raise UrlError("a port is a number from 1 to 65535")
    path = f"{split.path or '/'}?{split.query}" if split.query else split.path or "/"
    return Target(split.scheme, _host(host), port or _PORTS[split.scheme], path)


class Reach:
    """What a project allows beyond the public internet: networks, addresses and host names."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        networks = {each: _network(each) for each in allow}
        self._networks = tuple(each for each in networks.values() if each is not None)
        self._hosts = frozenset(name.lower() for name, each in networks.items() if each is None)

    def permits(self, host: str, address: Address) -> bool:
        """May this address, which the host has now, be connected to?"""
        if host in self._hosts or any(address in network for network in self._networks):
            return True
        if isinstance(address, IPv6Address):
            is_public = address in _UNICAST_6 and not _within(address, _INSIDE_6)
            return is_public and address.scope_id is None
        return not _within(address, _INSIDE_4)

    def problem(self, url: str) -> str:
        """What is wrong with a URL before anything is resolved; empty where nothing is."""
        try:
            host = target_of(url).host
        except UrlError as error:
            return str(error)
        if host in self._hosts:
            return ""
        address = address_of(host)
        if address is None:
            is_local = host == "localhost" or host.endswith(".localhost")
            is_allowed = is_local and self.permits(host, IPv4Address("127.0.0.1"))
            return "" if is_allowed or not is_local else inside(host)
        return "" if self.permits(host, address) else inside(host)


def inside(host: str) -> str:
    return f"{host} is an address inside; list it under server.outgoing.allow if it is meant"


def address_of(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_allowable(text: str) -> bool:
    """A network, an address or a host name."""
    try:
        return _network(text) is not None or bool(_host(text))
    except ValueError:
        return False


def _within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


def _network(text: str) -> Network | None:
    try:
        return ip_network(text)
    except ValueError:
        if "/" in text:
            raise
        return None


def _host(host: str) -> str:
    """Raises UrlError. `0`, `0x7f000001` and `0177.0.0.1` are addresses to some resolvers."""
    if "%" in host:
        raise UrlError("an address has no zone here")
    if address_of(host) is not None:
        return host
    name = host.removesuffix(".")
    if not _LABELS.fullmatch(name):
        raise UrlError(f"'{host[:80]}' is no host name")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        raise UrlError(f"'{host[:80]}' is no address; write it as 203.0.113.7")
    return name
