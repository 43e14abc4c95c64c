"""The guarded server over real sockets: smuggling, slowness, floods (attacks H01, H04, H06, H07)."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn

from journeyfold.runtime.guard import Guard, GuardSettings
from journeyfold.runtime.guard_protocol import ConnectionLimits, server_options

PATIENT = ConnectionLimits(connections=40, connections_per_ip=40)
HASTY = ConnectionLimits(
    head_s=0.3, body_s=1.0, body_bytes_per_s=1024, body_grace_s=0.3, reply_s=0.5, idle_s=1,
    connections_per_ip=3,
)  # fmt: skip


async def echo(scope, receive, send):
    """Answers with how many body bytes it read; `/early` answers 413 unread, `/big` a lot."""
    size = 0
    if scope["path"] == "/early":
        await _reply(send, 413, b"no", (b"connection", b"close"))
        return
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        if not message["more_body"]:
            break
    if scope["path"] == "/big":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(400):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    await _reply(send, 200, str(size).encode())


async def _reply(send, status, body, *headers):
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(limits):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            Guard(echo, GuardSettings()), log_config=None, lifespan="off", **server_options(limits)
        )
        server = uvicorn.Server(config)
        loop = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        loop.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()
        server.should_exit = True
        loop.join(10)


@pytest.fixture(scope="module")
def patient():
    with serving(PATIENT) as address:
        yield address


@pytest.fixture(scope="module")
def hasty():
    with serving(HASTY) as address:
        yield address


def answer_to(address, *pieces, pause_s=0.0, wait_s=5.0):
    """All that comes back until the server closes; None if it never does."""
    with socket.create_connection(address, timeout=wait_s) as client:
        for piece in pieces:
            try:
                client.sendall(piece)
            except OSError:
                break  # it has stopped listening
            time.sleep(pause_s)
        return _all(client)


def _all(client):
    received = b""
    try:
        while piece := client.recv(65_536):
            received += piece
    except TimeoutError:
        return None
    return received


def _pieces(client):
    """What comes until it is quiet: head and body may come in two pieces."""
    received = b""
    try:
        while piece := client.recv(65_536):
            received += piece
    except TimeoutError:
        pass
    return received


def statuses(received):
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]


def smuggled():
    from os import environ
    from pathlib import Path

    root = Path(__file__).resolve().parents[2].parent / "shared/conformance"
    path = Path(environ.get("JOURNEYFOLD_CONFORMANCE", root)) / "security/http_smuggling.json"
    return json.loads(path.read_text()) if path.exists() else {}


@pytest.mark.parametrize("name", smuggled())
def test_an_ambiguous_request_is_refused_and_closed(patient, name):
    received = answer_to(patient, smuggled()[name].encode("latin-1"))
    assert received is not None
    assert statuses(received) in ([400], [431])


@pytest.mark.parametrize("name", smuggled())
def test_an_ambiguous_request_is_refused_byte_by_byte(patient, name):
    raw = smuggled()[name].encode("latin-1")
    with socket.create_connection(patient, timeout=5) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.settimeout(5)
        try:
            for at in range(min(len(raw), 20_000)):
                client.sendall(raw[at : at + 1])
        except OSError:
            pass
        received = _all(client)
    assert received is not None
    assert statuses(received) in ([400], [431])


def test_a_good_request_is_answered_with_the_security_headers(patient):
    received = answer_to(patient, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    head = received.partition(b"\r\n\r\n")[0].lower()
    assert statuses(received) == [200]
    for name in (b"content-security-policy: default-src 'none'", b"x-content-type-options: nosniff",
                 b"referrer-policy: same-origin", b"cross-origin-opener-policy: same-origin"):  # fmt: skip
        assert name in head
    assert b"\nserver:" not in head


def test_a_refused_request_has_the_security_headers_too(patient):
    received = answer_to(patient, b"GET / HTTP/1.1\r\n\r\n").lower()
    assert b"x-content-type-options: nosniff" in received
    assert b'"code":"bad_request"' in received


def test_pipelined_requests_are_answered_before_the_bad_one_ends_it(patient):
    good = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    received = answer_to(patient, good + good + b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert received is not None
    assert set(statuses(received)) <= {200, 400}
    assert 200 in statuses(received)


def test_a_chunked_body_arrives_whole(patient):
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    received = answer_to(
        patient, head, b"5\r\nhel", b"lo\r\n3\r", b"\nabc\r\n0\r\n\r\n", pause_s=0.02
    )
    assert received.endswith(b"8")


def test_a_broken_chunk_in_the_middle_is_400(patient):
    head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
    received = answer_to(patient, head, b"zz\r\n", pause_s=0.05)
    assert statuses(received) == [400]


@pytest.mark.parametrize("body", [b"0x3\r\nabc\r\n0\r\n\r\n", b"zz\r\n", b"3\r\nabcXX"])
def test_a_chunk_that_is_none_is_refused_in_the_one_form_of_an_error(patient, body):
    head = b"POST /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    received = answer_to(patient, head + body)
    assert statuses(received) == [400]
    assert json.loads(received.partition(b"\r\n\r\n")[2])["error"]["code"] == "bad_request"


def test_a_method_of_nobody_is_told_which_there_are(patient):
    received = answer_to(patient, b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert statuses(received) == [405]
    assert b"allow: DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT\r\n" in received


def test_an_early_answer_is_not_lost_in_a_reset(patient):
    head = b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n"
    received = answer_to(patient, head, *[b"x" * 65_536] * 20)
    assert statuses(received) == [413]


def test_half_a_head_gets_408(hasty):
    assert statuses(answer_to(hasty, b"GET / HT")) == [408]


def test_a_head_dripping_in_gets_408_at_the_same_deadline(hasty):
    begun = time.monotonic()
    received = answer_to(hasty, b"GET / HTTP/1.1\r\n", *[b"X", b"-", b"A", b"B", b"C"], pause_s=0.1)
    assert statuses(received) == [408]
    assert time.monotonic() - begun < 3


def test_a_silent_connection_is_closed_without_a_word(hasty):
    assert answer_to(hasty) == b""


def test_a_slow_body_gets_408(hasty):
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000\r\n\r\n"
    received = answer_to(hasty, head, *[b"x"] * 5, pause_s=0.2)
    assert statuses(received) == [408]


def test_a_body_in_time_is_taken(hasty):
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4000\r\n\r\n"
    received = answer_to(hasty, head, *[b"x" * 1000] * 4, pause_s=0.12)
    assert received.endswith(b"4000")


def test_a_reply_nobody_reads_is_dropped(hasty):
    with socket.create_connection(hasty, timeout=5) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(1.2)
        with pytest.raises(ConnectionResetError):
            b"".join(iter(lambda: client.recv(1 << 20), b""))


def test_one_address_has_a_number_of_connections(hasty):
    clients = [socket.create_connection(hasty, timeout=5) for _ in range(3)]
    try:
        time.sleep(0.05)
        assert statuses(answer_to(hasty)) == [503]
    finally:
        for client in clients:
            client.close()
    time.sleep(0.1)
    assert statuses(
        answer_to(hasty, b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    ) == [200]


def test_idle_between_requests_is_allowed_longer_than_a_head(hasty):
    get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    with socket.create_connection(hasty, timeout=0.3) as client:
        client.sendall(get)
        assert statuses(_pieces(client)) == [200]
        time.sleep(0.3)
        client.sendall(get)
        assert statuses(_pieces(client)) == [200]
