"""The guard as ASGI shows it: hosts, proxies, paths, headers (SEC-4, SEC-10; H07, H09, H10)."""

import asyncio
import json

import pytest

from journeyfold.collect.request import request_of
from journeyfold.runtime.guard import Guard, GuardSettings


async def app(scope, receive, send):
    if scope["path"] == "/broken":
        raise RuntimeError("a bug")
    body = json.dumps([scope["client"][0], scope["scheme"]]).encode()
    own = [(b"content-security-policy", b"sandbox")] if scope["path"] == "/preview" else []
    await send({"type": "http.response.start", "status": 200, "headers": own})
    await send({"type": "http.response.body", "body": body})


def ask(
    path="/",
    *,
    settings=None,
    method="GET",
    headers=(("host", "a.example"),),
    query=b"",
    client="10.0.0.1",
):
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(),
        "query_string": query, "scheme": "http", "client": (client, 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }  # fmt: skip
    out = []

    async def send(message):
        out.append(message)

    asyncio.run(Guard(app, settings or GuardSettings())(scope, None, send))
    return out[0]["status"], dict(out[0]["headers"]), out[1]["body"]


HOST = ("host", "a.example")


@pytest.mark.parametrize(
    ("hosts", "host", "status"),
    [
        ((), "anything.example", 200),
        (("cdp.example.com",), "cdp.example.com", 200),
        (("cdp.example.com",), "CDP.example.com:8443", 200),
        (("cdp.example.com:8080",), "cdp.example.com:8080", 200),
        (("cdp.example.com:8080",), "cdp.example.com", 400),
        (("cdp.example.com",), "evil.example", 400),
        (("cdp.example.com",), "cdp.example.com.evil.example", 400),
        (("[::1]",), "[::1]:80", 200),
        (("cdp.example.com",), "127.0.0.1:8080", 200),
        (("cdp.example.com",), "localhost:8080", 200),
        (("cdp.example.com",), "[::1]:8080", 200),
        (("cdp.example.com",), "localhost.evil.example", 400),
    ],
)
def test_a_host_is_one_of_ours(hosts, host, status):
    assert ask(settings=GuardSettings(hosts=hosts), headers=[("host", host)])[0] == status


def test_no_host_or_two_are_refused():
    assert ask(headers=[])[0] == 400
    assert ask(headers=[HOST, HOST])[0] == 400


@pytest.mark.parametrize(
    "path",
    [
        "//",
        "/a//b",
        "/./a",
        "/a/../b",
        "/a/..",
        "/%2e%2e/a",
        "/a%00",
        "/a%2Fb",
        "/a%5cb",
        "/a;x",
        "/a\\b",
        "/a.",
        "/é",
    ],
)
def test_a_path_with_a_trick_is_not_there(path):
    assert ask(path)[0] == 404


@pytest.mark.parametrize("path", ["/", "/a/b", "/js/jf.js", "/v1/people/p_abc", "/a%20b", "/a/"])
def test_a_plain_path_passes(path):
    assert ask(path)[0] == 200


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "BREW"])
def test_other_methods_are_405_and_told_which_are_ours(method):
    status, headers, _ = ask(method=method)
    assert status == 405
    assert b"POST" in headers[b"allow"]


def test_a_long_address_is_414():
    assert ask("/a", query=b"x" * 9000)[0] == 414


def test_a_body_whose_length_is_unclear_is_refused():
    chunked, length = ("transfer-encoding", "chunked"), ("content-length", "1")
    assert ask(headers=[HOST, chunked])[0] == 200
    assert ask(headers=[HOST, chunked, length])[0] == 400
    assert ask(headers=[HOST, length, length])[0] == 400
    assert ask(headers=[HOST, ("transfer-encoding", "gzip, chunked")])[0] == 400


def test_plain_text_is_for_events_only():
    headers = [HOST, ("content-type", "text/plain; charset=utf-8")]
    assert ask("/v1/decide", headers=headers, method="POST")[0] == 415
    settings = GuardSettings(takes_text=lambda path: path == "/v1/t")
    assert ask("/v1/t", headers=headers, method="POST", settings=settings)[0] == 200


def test_every_answer_carries_the_security_headers():
    for path in ("/", "/a//b", "/broken"):
        _, headers, _ = ask(path)
        assert headers[b"content-security-policy"].startswith(b"default-src 'none'")
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert b"strict-transport-security" not in headers


def test_a_route_may_be_stricter_about_its_own_page():
    assert ask("/preview")[1][b"content-security-policy"] == b"sandbox"


def test_a_bug_is_one_answer_without_its_words():
    status, _, body = ask("/broken")
    assert status == 500
    assert b"a bug" not in body


@pytest.mark.parametrize(
    ("client", "chain", "expected"),
    [
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5, 10.9.9.9", "203.0.113.5"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("198.51.100.1", "203.0.113.5", "198.51.100.1"),
    ],
)
def test_forwarding_headers_count_from_our_proxies_only(client, chain, expected):
    settings = GuardSettings(trusted_proxies=("10.0.0.0/8",))
    headers = [HOST, ("x-forwarded-for", chain), ("x-forwarded-proto", "https")]
    _, answered, body = ask(settings=settings, headers=headers, client=client)
    is_ours = client.startswith("10.")
    assert json.loads(body) == [expected, "https" if is_ours else "http"]
    assert (b"strict-transport-security" in answered) is is_ours


@pytest.mark.parametrize(
    ("client", "country", "expected"),
    [("10.0.0.1", "de", "DE"), ("198.51.100.1", "DE", ""), ("10.0.0.1", "", "")],
)
def test_a_country_counts_from_our_proxies_only(client, country, expected):
    seen = []

    async def app(scope, _receive, _send):
        seen.append(request_of(scope).country)

    scope = {
        "type": "http", "method": "GET", "path": "/", "query_string": b"", "scheme": "http",
        "client": (client, 1), "headers": [(b"host", b"x"), (b"cf-ipcountry", country.encode())],
    }  # fmt: skip
    guard = Guard(app, GuardSettings(trusted_proxies=("10.0.0.0/8",)))
    asyncio.run(guard(scope, None, None))
    assert seen == [expected]
