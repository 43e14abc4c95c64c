"""The client of what leaves by HTTP: kept connections, deadlines, and nothing inside (A22)."""

import json
import re
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httptools
import pytest
from http_receiver import receiving
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.activate.destination import RESPONSE_MAX, Call
from journeyfold.activate.reach import Reach
from journeyfold.activate.retry import judged
from journeyfold.adapters.outgoing import Outgoing, _Reading

PUBLIC = ip_address("192.0.2.7")  # of the documentation, RFC 5737: nobody is there
LOOPBACK = ip_address("127.0.0.1")
OUTSIDE = Reach(["192.0.2.0/24"])
HERE = Reach(["127.0.0.1"])


@pytest.fixture
def client():
    made = Outgoing(HERE)
    yield made
    made.close()


@contextmanager
def saying(*pieces, pause_s=0.0):
    """A server that says these bytes to whoever asks, and then closes; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    asked = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            asked.append(connection.recv(65536))
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause_s)
            except OSError:
                pass
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], asked
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_a_request_arrives_as_it_was_written(client):
    with receiving(lambda _: (201, {"ok": True}, {"X-Answer": "yes"})) as receiver:
        headers = {"Content-Type": "application/json", "X-Some": "thing"}
        answer = client(Call("PUT", f"{receiver.url}/a%20b?c=d", headers, b'{"a": 1}'))
    told = receiver.only
    assert (told.method, told.target, told.body) == ("PUT", "/a%20b?c=d", b'{"a": 1}')
    assert told.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert told.headers["x-some"] == "thing"
    assert (answer.status, answer.body) == (201, b'{"ok": true}')
    assert answer.headers["x-answer"] == "yes"


def test_a_connection_is_kept(client):
    with receiving() as receiver:
        for _ in range(5):
            assert client(Call("POST", receiver.url, body=b"{}")).status == 200
        assert receiver.connections == 1


def test_a_connection_that_the_other_side_closed_is_not_used_again(client):
    with receiving(lambda _: (200, {}, {"connection": "close"})) as receiver:
        assert [client(Call("POST", receiver.url)).status for _ in range(3)] == [200] * 3
        assert receiver.connections == 3


def test_a_server_that_began_anew_is_connected_to_anew(client):
    with saying(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n") as (port, asked):
        for _ in range(2):
            assert client(Call("POST", f"http://127.0.0.1:{port}/")).status == 200
            time.sleep(0.05)  # it says that it stays, and goes
        assert len(asked) == 2


def test_connections_of_many_threads_are_kept_within_bounds(client):
    with receiving() as receiver:

        def ask():
            for _ in range(20):
                assert client(Call("POST", receiver.url)).status == 200

        threads = [threading.Thread(target=ask) for _ in range(8)]
        [each.start() for each in threads]
        [each.join() for each in threads]
        assert len(receiver.requests) == 160
        assert receiver.connections <= 8


def test_a_redirect_is_an_answer_and_a_failure(client):
    with receiving(lambda _: (302, b"", {"location": "http://127.0.0.1:1/"})) as receiver:
        answer = client(Call("POST", receiver.url))
    assert answer.status == 302
    assert judged(answer).status == "dead"


def test_of_a_long_answer_64_kibibytes_are_kept(client):
    with receiving(lambda _: (200, b"x" * 1_000_000)) as receiver:
        answer = client(Call("GET", receiver.url))
        assert (answer.status, len(answer.body)) == (200, RESPONSE_MAX)
        assert client(Call("GET", receiver.url)).status == 200


def test_an_answer_may_come_in_chunks_after_interim_ones(client):
    said = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"2\r\nde\r\n0\r\n\r\n",
    )
    with saying(*said, pause_s=0.02) as (port, _):
        answer = client(Call("POST", f"http://127.0.0.1:{port}/"))
    assert (answer.status, answer.body) == (200, b"abcde")
    assert "link" not in answer.headers


def test_an_answer_without_a_length_ends_with_its_connection(client):
    with saying(b"HTTP/1.1 200 OK\r\n\r\nab", b"cd", pause_s=0.02) as (port, _):
        assert client(Call("GET", f"http://127.0.0.1:{port}/")).body == b"abcd"


@pytest.mark.parametrize(
    "said",
    [b"", b"HTTP/1.1 200 OK\r\ncontent-le", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\na"],
)
def test_an_answer_that_breaks_off_is_none(client, said):
    with saying(said) as (port, _):
        answer = client(Call("POST", f"http://127.0.0.1:{port}/"))
    assert answer.status == 0
    assert "closed" in answer.problem
    assert judged(answer).status == "retry"


def test_what_is_no_http_is_no_answer(client):
    with saying(b"220 mail.example.com ESMTP\r\n") as (port, _):
        assert client(Call("POST", f"http://127.0.0.1:{port}/")).status == 0


def test_a_head_without_end_is_given_up(client):
    with saying(b"HTTP/1.1 200 OK\r\n", *[b"x: " + b"y" * 65_000 + b"\r\n"] * 6) as (port, _):
        answer = client(Call("POST", f"http://127.0.0.1:{port}/"))
    assert answer.status == 0


def test_more_than_was_asked_for_is_not_taken_for_the_next_answer(client):
    one = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na"
    with saying(one + one.replace(b"\r\n\r\na", b"\r\n\r\nb")) as (port, asked):
        answers = [client(Call("GET", f"http://127.0.0.1:{port}/")) for _ in range(2)]
        assert [(each.status, each.body) for each in answers] == [(200, b"a")] * 2
        assert len(asked) == 2


def test_a_server_that_wants_to_speak_something_else_is_not_listened_to(client):
    said = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
    with saying(said) as (port, _):
        answer = client(Call("POST", f"http://127.0.0.1:{port}/"))
    assert (answer.status, judged(answer).status) == (0, "retry")


def test_a_drip_does_not_extend_the_deadline(client):
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n"
    with saying(head, *[b"a"] * 20, pause_s=0.05) as (port, _):
        started = time.monotonic()
        answer = client(Call("GET", f"http://127.0.0.1:{port}/", timeout_s=0.3))
        assert time.monotonic() - started < 0.8
    assert answer.status == 0
    assert "within 0.3 s" in answer.problem


def test_nobody_there_is_told_apart(client):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = client(Call("POST", f"http://127.0.0.1:{port}/"))
    assert (answer.status, answer.is_unreached) == (0, True)
    assert judged(answer).is_unreached


def test_an_unknown_name_is_unreached():
    def nobody(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    answer = Outgoing(resolve=nobody)(Call("POST", "https://nowhere.example/"))
    assert answer.is_unreached
    assert "nowhere.example" in answer.problem


@pytest.mark.parametrize("limit", [{"idle_s": -1.0}, {"kept_max": 0}])
def test_a_connection_that_idled_too_long_or_is_one_too_many_is_not_used_again(limit):
    client = Outgoing(HERE, **limit)
    with receiving() as receiver:
        for _ in range(2):
            assert client(Call("POST", receiver.url)).status == 200
        assert receiver.connections == 2
    client.close()


def test_a_connection_in_use_while_all_are_closed_is_closed_after_it(client):
    with receiving() as receiver:
        receiver.answers = lambda _: client.close() or (200, {})
        for _ in range(2):
            assert client(Call("POST", receiver.url)).status == 200
        assert receiver.connections == 2


@pytest.mark.parametrize("method", ["HEAD", "get", "PO ST", "GET\r\nX: y"])
def test_a_method_that_is_none_is_barred(client, method):
    assert client(Call(method, "http://127.0.0.1:1/")).is_barred


def test_no_time_at_all_is_no_answer(client):
    with receiving() as receiver:
        assert client(Call("POST", receiver.url, timeout_s=0)).status == 0


# -- the guard (A22): shared/conformance/security/attacks.jsonl, area ssrf


@pytest.fixture(scope="module")
def canary():
    """A listener that should never hear of anybody."""
    with receiving() as receiver:
        yield receiver
        assert receiver.connections == 0


def attacks(conformance):
    lines = (conformance / "security" / "attacks.jsonl").read_text().splitlines()
    return [each for each in map(json.loads, lines) if each["area"] == "ssrf"]


def urls_of(attack, port):
    told = attack["input"].removeprefix("webhook URL ").replace("PORT", str(port))
    found = re.findall(r"(?:[a-z]+:)[^\s,]+", told)
    return [each for each in found if "NAT64" not in each]


def test_the_15_attacks_are_all_here(conformance):
    told = " ".join(each["id"] for each in attacks(conformance))
    assert told == "S01 S02 S04 S05 S07 S08 S10 S11 S13 S14 S16 S17 S19 S20 S22"


def test_every_attacking_url_is_barred_at_check_and_again_at_send(conformance, canary):
    client, seen = Outgoing(), 0
    for attack in attacks(conformance):
        if attack["id"] in {"S19", "S22"}:  # below
            continue
        urls = urls_of(attack, canary.port)
        assert urls, attack
        for url in urls:
            assert Reach().problem(url), url
            answer = client(Call("POST", url, body=b"{}"))
            assert answer.is_barred, (url, answer)
            assert judged(answer).status == "paused"
            seen += 1
    assert seen >= 20


def test_every_form_of_loopback_is_barred_with_the_canary_s_port(canary):
    client = Outgoing()
    for host in ("127.0.0.1", "localhost", "0", "0x7f000001", "0177.0.0.1", "127.1", "2130706433",
                 "[::1]", "[::]", "[::ffff:127.0.0.1]", "LOCALHOST.", "a.localhost"):  # fmt: skip
        answer = client(Call("POST", f"http://{host}:{canary.port}/"))
        assert answer.is_barred or answer.is_unreached, host


def test_a_name_that_moves_inside_between_check_and_connect_is_not_followed(canary):
    """S19: the first answer is public, the second is loopback; only the first is ever used."""
    told = iter([[PUBLIC], [LOOPBACK], [LOOPBACK]])
    asked = []

    def rebinding(host, port):
        asked.append(host)
        return next(told)

    client = Outgoing(OUTSIDE, resolve=rebinding, connect_s=0.3)
    first = client(Call("POST", f"http://attacker.example:{canary.port}/"))
    assert len(asked) == 1
    assert first.is_unreached
    assert client(Call("POST", f"http://attacker.example:{canary.port}/")).is_barred


def test_of_a_name_with_addresses_inside_and_outside_only_those_outside_are_tried(canary):
    client = Outgoing(
        OUTSIDE, resolve=lambda *_: [LOOPBACK, PUBLIC, ip_address("::1")], connect_s=0.3
    )
    assert client(Call("POST", f"http://both.example:{canary.port}/")).is_unreached


def test_the_name_stays_in_the_host_header_when_the_address_is_pinned():
    with receiving() as receiver:
        client = Outgoing(HERE, resolve=lambda *_: [LOOPBACK])
        client(Call("POST", f"http://shop.example:{receiver.port}/"))
        client.close()
    assert receiver.only.headers["host"] == f"shop.example:{receiver.port}"


@pytest.mark.parametrize(
    "headers",
    [{"X-A": "a\r\nX: y"}, {"X-A\r\nX": "y"}, {"Host": "inside"}, {"Content-Length": "0"},
     {"transfer-encoding": "chunked"}, {"X-A": "a\x00"}, {"X A": "b"}],
)  # fmt: skip
def test_a_header_that_would_say_something_else_is_barred(headers, canary):
    """S22."""
    assert Outgoing(HERE)(Call("POST", canary.url, headers)).is_barred


def test_the_sixth_hop_is_a_loop(client, canary):
    answer = client(Call("POST", canary.url, {"X-Journeyfold-Hops": "6"}))
    assert (answer.is_refused, judged(answer).status) == (True, "dead")
    with receiving() as receiver:
        assert client(Call("POST", receiver.url, {"X-Journeyfold-Hops": "5"})).status == 200


# -- TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate and key of shop.example, signed by itself)."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("tls") / "shop.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
def secure(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with receiving(context=context) as receiver:
        yield receiver


def ask_securely(receiver, host, context=None):
    client = Outgoing(HERE, resolve=lambda *_: [LOOPBACK], context=context)
    try:
        return client(Call("POST", f"https://{host}:{receiver.port}/"))
    finally:
        client.close()


def test_a_certificate_that_nobody_vouches_for_is_barred(secure):
    answer = ask_securely(secure, "shop.example")
    assert answer.is_unreached
    assert "secure" in answer.problem


def test_a_trusted_certificate_is_asked_for_its_name(secure, certificate):
    trusting = ssl.create_default_context(cafile=str(certificate))
    assert ask_securely(secure, "shop.example", trusting).status == 200
    other = ask_securely(secure, "other.example", trusting)
    assert other.is_unreached
    assert len(secure.requests) == 1


@given(st.data())
def test_whatever_a_server_says_is_an_answer_or_a_broken_connection(data):
    """Never anything else: a lane has no other way to hear of it."""
    said = bytearray(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n0\r\n\r\n"
    )
    for at, byte in data.draw(
        st.lists(st.tuples(st.integers(0, len(said) - 1), st.binary(max_size=2)))
    ):
        said[at : at + 1] = byte
    reading = _Reading(64 * 1024)
    try:
        reading.feed(bytes(said))
    except (OSError, httptools.HttpParserError):
        return
    if reading.is_complete:
        assert 200 <= reading.answer().status <= 999
