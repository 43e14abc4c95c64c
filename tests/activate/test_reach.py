"""Which addresses may be reached, and how narrowly a URL is read (journeys A22)."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.activate.headers import headers_problem
from journeyfold.activate.reach import Reach, Target, UrlError, is_allowable, target_of

NOBODY = Reach()


@pytest.mark.parametrize(
    ("url", "target", "authority"),
    [
        ("https://Shop.Example", Target("https", "shop.example", 443, "/"), "shop.example"),
        ("HTTP://shop.example.:8080/a?b=c", Target("http", "shop.example", 8080, "/a?b=c"),
         "shop.example:8080"),
        ("https://shop.example?q", Target("https", "shop.example", 443, "/?q"), "shop.example"),
        ("http://[2606:4700::1]:80/x", Target("http", "2606:4700::1", 80, "/x"), "[2606:4700::1]"),
    ],
)  # fmt: skip
def test_a_url_is_where_to_connect_and_what_to_ask(url, target, authority):
    assert target_of(url) == target
    assert target.authority == authority


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("shop.example", "not http or https"),
        ("ftp://shop.example/", "not http or https"),
        ("https://a@shop.example/", "no user name"),
        ("https://shop.example/#a", "no fragment"),
        ("https://shop.example\\@x/", "backslashes"),
        ("https://shop.example/ä", "visible ASCII"),
        ("https://shop.example/a b", "visible ASCII"),
        ("https://" + "a" * 9_000, "visible ASCII"),
        ("https://shop.example:99999/", "65535"),
        ("https://shop.example:0/", "65535"),
        ("https://shop.example:/", "65535"),
        ("https://[::1/", "IPv6"),
        ("https:///path", "no host name"),
        ("https://a..b/", "no host name"),
        ("https://1.2.3/", "no address"),
        ("https://shop.0x7f/", "no address"),
        ("https://[fe80::1%25eth0]/", "no zone"),
    ],
)
def test_what_two_readers_may_understand_differently_is_refused(url, why):
    with pytest.raises(UrlError, match=why):
        target_of(url)


@pytest.mark.parametrize(
    "address",
    ["0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.255", "169.254.169.254",
     "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.0.1", "198.18.0.1",
     "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
     "::", "::1", "::ffff:8.8.8.8", "::8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "100::1",
     "2001::1", "2001:db8::1", "2002:808:808::1", "3fff::1", "fc00::1", "fd00::1", "fe80::1",
     "fec0::1", "ff02::1", "5f00::1", "4000::1", "2606:4700::1%eth0"],
)  # fmt: skip
def test_what_is_no_public_unicast_is_inside(address):
    assert not NOBODY.permits("x.example", ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "192.167.1.1",
     "223.255.255.255", "2606:4700::1", "2001:4860::8888", "2a00::1", "2001:200::1"],
)  # fmt: skip
def test_what_is_public_is_reached(address):
    assert NOBODY.permits("x.example", ip_address(address))


@given(st.integers(0, 2**32 - 1))
def test_no_address_is_reached_that_the_library_knows_to_be_private(number):
    address = IPv4Address(number)
    if address.is_private or address.is_multicast or address.is_reserved:
        assert not NOBODY.permits("x.example", address)


@given(st.integers(0, 2**128 - 1))
def test_no_address_of_the_sixth_version_either(number):
    address = IPv6Address(number)
    if not address.is_global or address.is_multicast:
        assert not NOBODY.permits("x.example", address)


def test_what_the_project_lists_is_reached_and_nothing_beside_it():
    reach = Reach(["10.1.0.0/16", "::1", "CRM.lan"])
    assert reach.permits("x.example", ip_address("10.1.2.3"))
    assert not reach.permits("x.example", ip_address("10.2.0.1"))
    assert reach.permits("x.example", ip_address("::1"))
    assert reach.permits("crm.lan", ip_address("192.168.0.9"))
    assert not reach.permits("crm.lan.example", ip_address("192.168.0.9"))


@pytest.mark.parametrize("text", ["10.1.0.0/16", "127.0.0.1", "::1", "fd00::/8", "crm.lan", "crm"])
def test_a_network_an_address_or_a_host_may_be_listed(text):
    assert is_allowable(text)


@pytest.mark.parametrize(
    "text", ["", "10.1.0.0/33", "a b", "http://x", "0x7f000001", "10.1.0.1/16"]
)
def test_nothing_else_may_be_listed(text):
    assert not is_allowable(text)


@pytest.mark.parametrize(
    "name", ["", "X Y", "X:", "Host", "content-LENGTH", "Transfer-Encoding", "ä"]
)
def test_a_header_that_is_none_or_is_ours_is_told(name):
    assert headers_problem({name: "a"})


@given(st.text(max_size=20))
def test_a_value_of_a_header_is_one_line_of_visible_text(value):
    is_plain = all(" " <= each <= "~" or each == "\t" for each in value)
    assert bool(headers_problem({"X-A": value})) == (not is_plain)
