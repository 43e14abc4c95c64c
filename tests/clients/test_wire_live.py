"""Captured traffic of public clients and hostile requests, as bytes on a live server's sockets."""

import gzip
import json
from base64 import b64decode
from pathlib import Path

import httpx
import pytest
from client_programs import wait_until
from live import metrics
from raw_http import connection, exchange, read_reply, request_bytes

KEY = "Basic V0s6"  # WK:
FILES = [
    "rudder-sdk-node.jsonl", "rudder-sdk-node.retry.jsonl",
    "rudder-sdk-python-2.1.9.jsonl", "rudder-sdk-python-2.1.9.retry.jsonl",
    "segment-analytics-next-browser-batching.jsonl", "segment-analytics-next-browser.jsonl",
    "segment-analytics-node.jsonl", "segment-analytics-node.retry.jsonl",
    "segment-analytics-python-2.4.0.jsonl", "segment-analytics-python-2.4.0.retry.jsonl",
]  # fmt: skip


def raw_of(request, port):
    """The request byte by byte, but for the host it is sent to."""
    here = f"127.0.0.1:{port}"
    headers = [(name, here if name.lower() == "host" else value) for name, value in request["headers"]]  # fmt: skip
    return request_bytes(request["method"], request["path"], headers, b64decode(request["raw_b64"]))


def items_of(request):
    raw = b64decode(request["raw_b64"])
    headers = {name.lower(): value for name, value in request["headers"]}
    if headers.get("content-encoding") == "gzip":
        raw = gzip.decompress(raw)
    body = json.loads(raw)
    return body.get("batch", [body])


def post(port, body, path="/v1/track", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"host": "127.0.0.1", "authorization": KEY, "content-length": str(len(body)), **named}
    return exchange(port, request_bytes("POST", path, sent.items(), body))


def code_of(reply):
    return json.loads(reply.body)["error"]["code"]


def serving(live):
    return live.children()["serve"]


def test_every_captured_file_is_replayed(captured):
    assert sorted(captured) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_captured_requests_append_each_message_once(door, captured, name):
    """Sent twice over: the first time each id is new once, the second time none is."""
    posts = [each for each in captured[name] if each["method"] == "POST"]
    ids = {item["messageId"] for each in posts for item in items_of(each)}
    number = sum(len(items_of(each)) for each in posts)
    with connection(door.port) as opened:
        for fresh in (len(ids), 0):
            fates = {"appended": 0, "duplicate": 0}
            for request in captured[name]:
                opened.sendall(raw_of(request, door.port))
                reply = read_reply(opened, request["method"])
                if request["method"] == "OPTIONS":
                    assert (reply.status, reply.body) == (204, b"")
                    continue
                assert reply.status == 200, reply.body
                told = json.loads(reply.body)
                assert told["success"] is True
                for fate in fates:
                    fates[fate] += told[fate]
            assert fates == {"appended": fresh, "duplicate": number - fresh}


def test_the_captured_retries_were_answered_by_errors_before(captured):
    """So that the files named `.retry` do test that a retry is recognised."""
    for name in FILES:
        if ".retry" in name:
            assert [each["replied"] for each in captured[name]] == [500, 429, 503, 200]


def test_smuggled_requests_are_refused_and_the_connection_ends(door, conformance):
    """H06: each of the 25 is 400 or 431, and what follows in the same bytes is never answered."""
    before, alive = metrics(door.url), serving(door)
    requests = json.loads((conformance / "security/http_smuggling.json").read_text())
    assert len(requests) == 25
    for name, raw in requests.items():
        with connection(door.port) as opened:
            opened.sendall(raw.encode("latin-1"))
            reply = read_reply(opened)
            assert reply.status in {400, 431}, (name, reply.status)
            opened.settimeout(5)
            assert opened.recv(65_536) == b"", name
    assert serving(door) == alive
    received = "journeyfold_events_received_total"
    assert {key: value for key, value in metrics(door.url).items() if key.startswith(received)} == {
        key: value for key, value in before.items() if key.startswith(received)
    }


def test_a_body_without_end_is_cut_at_the_limit(door):
    """H01: 413 long before all of it was sent, and the process does not grow by it."""
    grown = resident_kib(door)
    told = post(door.port, b"{", content_length=str(10 * 2**30))
    assert (told.status, code_of(told)) == (413, "body_too_large")
    bomb = gzip.compress(b" " * (32 * 2**20))
    for _ in range(3):
        told = post(door.port, bomb, content_encoding="gzip")
        assert (told.status, code_of(told)) == (413, "decompressed_too_large")
    for pieces in (12, 1024):  # the reply is there, and who never stops is cut off unheard
        told = endless(door.port, pieces)
        assert told is None or (told.status, code_of(told)) == (413, "body_too_large")
        assert told is not None or pieces > 12
    assert resident_kib(door) - grown < 8 * 1024


def endless(port, pieces):
    """Chunks of 64 KiB without a last one; the reply, or None when the connection was reset."""
    head = {"host": "127.0.0.1", "authorization": KEY, "transfer-encoding": "chunked"}
    with connection(port) as opened:
        try:
            opened.sendall(request_bytes("POST", "/v1/track", head.items()))
            for _ in range(pieces):
                opened.sendall(b"10000\r\n" + b" " * 65_536 + b"\r\n")
            return read_reply(opened)
        except ConnectionError:
            return None


def resident_kib(live):
    (serve,) = serving(live)
    status = Path(f"/proc/{serve}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip,gzip", "gzip, gzip", "identity;q=0"])
def test_only_one_gzip_is_undone(door, encoding):
    """H03."""
    told = post(door.port, b"{}", content_encoding=encoding)
    assert (told.status, code_of(told)) == (415, "unsupported_encoding")


HOST = b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"GET /" + HOST + b"X: " + b"a" * 65_536 + b"\r\n\r\n", 431),
        (b"GET /" + HOST + b"X: a\r\n" * 1000 + b"\r\n", 431),
        (b"GET /" + b"a" * 16_200 + HOST + b"\r\n", 414),
        (b"GET http://127.0.0.1/" + HOST + b"\r\n", 400),
        (b"CONNECT 127.0.0.1:1" + HOST + b"\r\n", 405),
        (b"TRACE /v1/track" + HOST + b"\r\n", 405),
        (b"BREW /v1/track" + HOST + b"\r\n", 405),
    ],
    ids=["head", "headers", "target", "absolute", "connect", "trace", "brew"],
)
def test_large_heads_and_strange_methods_are_refused(door, raw, status):
    """H07."""
    assert exchange(door.port, raw, "GET").status == status


def test_ingest_takes_what_browsers_send_without_asking(door):
    """H09: text/plain and forms on ingest paths, never on those of the API."""
    body = b'{"event":"E","userId":"h09"}'
    server = f"Bearer {door.key('srv', 'shop_server')}"
    for media in ("text/plain", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"):
        assert post(door.port, body, content_type=media).status == 200, media
        told = post(
            door.port, b'{"kind":"user_id","value":"h09"}', "/v1/people/lookup",
            content_type=media, authorization=server,
        )  # fmt: skip
        assert told.status == 415, media
    for media in ("multipart/form-data; boundary=x", "text/html"):
        assert post(door.port, body, content_type=media).status == 415, media


@pytest.mark.parametrize(
    "path",
    ["//v1/track", "/v1//track", "/./v1/track", "/v1/../v1/track", "/v1/%2e%2e/v1/track",
     "/v1/%74rack", "/v1/track%00", "/v1/track;x", "/v1/track.", "/v1/track//",
     "/v1/\xef\xbc\x8ftrack", "/static/../../FORMAT", "/static/%2e%2e/FORMAT"],
)  # fmt: skip
def test_a_path_is_exactly_one_of_ours_or_none(door, path):
    """H10."""
    assert post(door.port, b'{"event":"E","userId":"h10"}', path).status in {400, 404, 405}


def test_the_whole_json_suite_as_bodies_leaves_the_process_alive(door, conformance):
    """J01: every n_ file is 400 invalid_json, every y_ file is a value that is kept."""
    alive, asked = serving(door), {"n": 0, "y": 0, "i": 0}
    with httpx.Client(base_url=door.url, auth=("WK", ""), trust_env=False) as client:
        for path in sorted((conformance / "json/test_parsing").glob("*.json")):
            kind, raw = path.name[0], path.read_bytes()
            asked[kind] += 1
            told = client.post("/v1/track", content=raw)
            assert told.status_code in {200, 400, 413}, path.name
            if kind == "n":
                assert told.json()["error"]["code"] == "invalid_json", path.name
            inside = b'{"event":"J01","userId":"j01","properties":{"v":%b}}' % raw
            told = client.post("/v1/track", content=inside)
            assert told.status_code in {200, 400, 413}, path.name
            if kind == "y":
                assert told.json()["appended"] == 1, path.name
        assert client.get("/healthz").status_code == 200
    assert asked == {"n": 188, "y": 95, "i": 35}
    assert serving(door) == alive


def test_a_clock_that_is_years_off_is_put_right(door):
    """H13, end to end: the record keeps what the client said."""
    with door.client("pub", "shop_web") as browser, door.client() as server:
        message = {"type": "track", "event": "Late", "userId": "h13", "timestamp": "2036-01-01T00:00:00Z"}  # fmt: skip
        assert browser.post("/v1/batch", json={"batch": [message]}).json()["appended"] == 1
        door.wait_folded()
        found = server.post("/v1/people/lookup", json={"kind": "user_id", "value": "h13"}).json()
        (record,) = [
            each
            for each in server.get(f"/v1/people/{found['person']}/records").json()["records"]
            if each["name"] == "Late"
        ]
    assert record["occurred"] < "2035"
    assert record["context"]["time"]["client"] == "2036-01-01T00:00:00Z"


def test_a_field_only_the_server_sets_is_dropped_and_counted(door):
    """J19."""
    name = 'journeyfold_refused_fields_total{field="is_admin",source="captured"}'
    before = metrics(door.url).get(name, 0)
    assert post(door.port, b'{"event":"E","userId":"j19","is_admin":true}').status == 200
    wait_until(lambda: metrics(door.url).get(name, 0) == before + 1, "counted", 5)
