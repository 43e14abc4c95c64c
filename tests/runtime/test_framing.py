"""Where a request ends: legal ones pass whole or byte by byte, ambiguous ones never do (H06)."""

import contextlib
import json

import h11
import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.runtime.framing import Framing

GET = b"GET /a?b=c HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a:80\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = (
    b"POST / HTTP/1.1\r\nHost: [::1]:8080\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n00A;name=x\r\n0123456789\r\n0\r\n\r\n"
)
LEGAL = (GET, POST, CHUNKED)


@pytest.fixture(scope="module")
def smuggling(conformance):
    return json.loads((conformance / "security/http_smuggling.json").read_text())


def fed(data, size=0):
    framing, good = Framing(), b""
    pieces = [data[at : at + size] for at in range(0, len(data), size)] if size else [data]
    for piece in pieces:
        out, fault = framing.feed(piece)
        good += out
        if fault:
            return good, fault
    return good, None


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("request_", LEGAL)
def test_a_legal_request_passes_unchanged(request_, size):
    assert fed(request_, size) == (request_, None)


@given(st.lists(st.sampled_from(LEGAL), max_size=5), st.integers(1, 40))
def test_pipelined_requests_pass_in_any_pieces(requests, size):
    stream = b"".join(requests)
    assert fed(stream, size) == (stream, None)


@given(st.binary(max_size=400), st.integers(1, 9))
def test_pieces_never_change_the_verdict(noise, size):
    data = POST + noise
    whole, pieces = fed(data), fed(data, size)
    assert (whole[1] is None) == (pieces[1] is None)
    assert (whole[1] or pieces[1]) is None or whole[1].status == pieces[1].status


@given(st.integers(0, len(CHUNKED) - 1), st.binary(min_size=1, max_size=2))
def test_what_passes_is_read_alike_by_two_other_parsers(place, change):
    """Mutated requests that we let through mean one request with one body to h11 and httptools."""
    data = CHUNKED[:place] + change + CHUNKED[place + len(change) :]
    framing = Framing()
    good, fault = framing.feed(data)
    if fault or not framing.is_idle:  # refused, or not a whole request yet
        return
    with contextlib.suppress(h11.RemoteProtocolError, httptools.HttpParserError):
        assert _h11_bodies(good) == _httptools_bodies(good)  # what one refuses, none misreads


def test_a_chunk_extension_without_a_name_is_refused():
    assert fed(CHUNKED.replace(b";name=x", b";?"))[1] is not None


def test_after_connection_close_nothing_is_read():
    last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert fed(last + b"whatever\n\n\x00") == (last, None)


def test_idle_is_between_requests_only():
    framing = Framing()
    assert framing.is_idle
    framing.feed(POST[:5])
    assert not framing.is_idle
    framing.feed(POST[5:-1])
    assert (framing.is_idle, framing.in_body) == (False, True)
    framing.feed(POST[-1:])
    assert (framing.is_idle, framing.in_body) == (True, False)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 100 + b"\r\n", 431),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
            400,
        ),
        (CHUNKED[:-2] + b"X: trailer\r\n\r\n", 400),
    ],
)
def test_a_refused_head_has_its_status(head, status):
    assert fed(head)[1].status == status
    assert fed(head, 1)[1].status == status


def test_every_smuggled_request_is_refused_whole_or_in_pieces(smuggling):
    assert len(smuggling) == 25
    for name, raw in smuggling.items():
        data = raw.encode("latin-1")
        for size in (0, 1):
            fault = fed(data, size)[1]
            assert fault is not None, name
            assert fault.status in {400, 431}, name


def _h11_bodies(data):
    connection, bodies = h11.Connection(h11.SERVER), []
    connection.receive_data(data)
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        assert event is not h11.NEED_DATA, "h11 waits for more than httptools does"
        if isinstance(event, h11.Data):
            bodies.append(bytes(event.data))
    return b"".join(bodies)


def _httptools_bodies(data):
    class Seen:
        body, ends = b"", 0

        def on_body(self, body):
            self.body += body

        def on_message_complete(self):
            self.ends += 1

    seen = Seen()
    httptools.HttpRequestParser(seen).feed_data(data)
    assert seen.ends == 1
    return seen.body
