"""The attack table's rows of the door, one test a row: J, H, K02, K03, K05, K06 and D03.

Rows of bytes and sockets (H04, H06, H07) have their detail in tests/runtime; here they are sent to
the door as ASGI shows them. Where a row leaves a choice, trust.md section 10 has decided it.
"""

import gzip
import json
import random
import time
import tracemalloc

import pytest
from door_kit import CONFORMANCE, NOW_US, PUB, SRV, Kit, stored

from journeyfold.core.instant import DAY_US, MINUTE_US, rfc3339
from journeyfold.core.keys import new_key
from journeyfold.sources.inventory import Limits, Source

ROWS = [
    json.loads(line) for line in (CONFORMANCE / "security/attacks.jsonl").read_text().splitlines()
]
OURS = [
    row["id"]
    for row in ROWS
    if row["id"][0] in "JH" or row["id"] in {"K02", "K03", "K05", "K06", "D03"}
]
SUITE = sorted((CONFORMANCE / "json/test_parsing").glob("*.json"))
ATTACKS = {}


def attack(row):
    def register(function):
        ATTACKS[row] = function
        return function

    return register


@pytest.mark.parametrize("row", OURS)
def test_a_row_of_the_attack_table_gets_the_answer_written_there(row, kit):
    ATTACKS[row](kit)


def refused(answer, *expected):
    assert (answer.status, answer.code) in expected, answer.body
    return True


@attack("J01")
def _json_suite(kit):
    for path in SUITE:
        answer = kit.track(path.read_bytes()) if path.name[0] == "n" else None
        assert answer is None or refused(answer, (400, "invalid_json"))
    for path in (path for path in SUITE if path.name[0] == "y"):
        body = b'{"event":"E","userId":"u","messageId":"%b","properties":{"v":%b}}'
        answer = kit.track(body % (path.name[:90].encode(), path.read_bytes()))
        assert answer.json["appended"] == 1, path.name
    assert len(kit.log.entries) == 95


@attack("J02")
def _duplicate_keys(kit):
    assert kit.track(b'{"event":"E","userId":"u","properties":{"a":1,"a":2}}').status == 200
    assert kit.log.events[0].properties == {"a": 2}


@attack("J04")
def _overflow(kit):
    refused(
        kit.track(b'{"event":"E","userId":"u","properties":{"a":1e400}}'),
        (400, "number_out_of_range"),
    )


@attack("J05")
def _beyond_int64(kit):
    answer = kit.track(userId=2**64)
    refused(answer, (400, "number_out_of_range"))
    assert answer.json["error"]["pointer"] == "/userId"


@attack("J07")
def _surrogates(kit):
    for text in (rb'{"event":"E","userId":"u","properties":{"a":"\ud800"}}', rb'{"\ud800":1}'):
        refused(kit.track(text), (400, "invalid_json"))


@attack("J08")
def _nul(kit):
    assert kit.track(properties={"a\0b": "c\0d"}).status == 200
    assert kit.log.events[0].properties == {"a\0b": "c\0d"}
    refused(kit.track(userId="a\0b"), (400, "bad_id"))
    refused(kit.track(messageId="a\0b"), (400, "bad_id"))
    refused(kit.track(event="a\0b"), (400, "bad_name"))


@attack("J10")
def _many_keys(kit):
    refused(kit.track(properties={f"k{n}": n for n in range(100_000)}), (413, "body_too_large"))
    refused(kit.track(properties={f"k{n}": n for n in range(1001)}), (400, "too_many_properties"))


@attack("J11")
def _long_key(kit):
    refused(kit.track(properties={"k" * 2**20: 1}), (413, "body_too_large"))
    refused(kit.track(properties={"k" * 300_000: 1}), (400, "key_too_long"))
    refused(kit.track(properties={"k": "v" * 300_000}), (413, "event_too_large"))
    assert kit.track(properties={"k": "v" * 30_000}).status == 200


@attack("J13")
def _nothing_useful(kit):
    for body in (b"", b'""', b"null", b"[]", b"1", b'"x"', b"{}"):
        for path in ("/v1/track", "/v1/batch", "/v1/identify"):
            assert kit.post(path, body).status == 400, (path, body)
    for path in ("/v1/track", "/v1/identify"):  # the codes of collect, section 6
        assert kit.post(path, b"").code == "invalid_json"
        assert kit.post(path, b"null").code == "not_an_object"
        assert kit.post(path, b"{}").code == "no_identity"
    assert kit.log.entries == []


@attack("J14")
def _batches(kit):
    refused(kit.post("/v1/batch", {"batch": []}), (400, "empty_batch"))
    many = {"batch": [{"type": "track"}] * 10_001}
    refused(kit.post("/v1/batch", many), (413, "too_many_events"))
    items = [
        {"type": "track", "event": "E", "userId": "u", "messageId": str(n)} for n in range(100)
    ]
    items[42] = {"type": "track", "event": "E"}
    answer = kit.post("/v1/batch", {"batch": items})
    assert answer.status == 200
    assert {key: answer.json[key] for key in ("received", "appended", "rejected")} == {
        "received": 100, "appended": 99, "rejected": 1,
    }  # fmt: skip
    assert answer.json["items"] == [
        {"index": 42, "fate": "rejected", "code": "no_identity", "pointer": ""}
    ]


@attack("J16")
def _naughty_strings(kit):
    strings = json.loads((CONFORMANCE / "security/blns.json").read_text())
    assert len(strings) == 515
    kit = Kit(Source(kind="browser", source="web", limits=Limits(event_names=1000)))
    for number, text in enumerate(strings):
        answer = kit.track(
            event=text, userId=text, messageId=f"n{number}", properties={text: text, "k": text}
        )
        assert answer.status in {200, 400, 413}, text
        if answer.status == 200 and answer.json["appended"]:
            event = kit.log.events[-1]
            assert (event.name, event.properties["k"], event.properties[text]) == (text, text, text)
            assert event.identifiers[0].value == text


@attack("J17")
def _mutated_suite(kit):
    """The corpus is not here: the 318 files, each mutated (trust section 10)."""
    chance = random.Random(17)
    for path in SUITE:
        raw = bytearray(path.read_bytes()[:4096])
        for _ in range(5):
            for _ in range(chance.randint(1, 4)):
                raw.insert(chance.randint(0, len(raw)), chance.randint(0, 255))
            begun = time.perf_counter()
            assert kit.track(bytes(raw)).status in {200, 400, 413}
            assert time.perf_counter() - begun < 0.5


@attack("J19")
def _mass_assignment(kit):
    fields = {"tenant_id": "t", "received_at": "2001-01-01", "source_id": "s", "_person": "p_x",
              "is_admin": True, "source": "shop", "offset": 1, "auth": "server"}  # fmt: skip
    context = {
        "auth": "server",
        "time": {"rule": "x"},
        "quality": {},
        "warnings": [],
        "page": {"path": "/"},
    }
    assert kit.track(**fields, context=context).status == 200
    event = kit.log.events[0]
    assert (event.source, event.received_us, event.context["auth"]) == ("web", NOW_US, "browser")
    assert {key for key in event.context if key not in {"auth", "ip", "agent"}} == {"page"}
    assert event.properties == {}
    assert sorted(kit.dropped) == sorted(
        ["received" if key == "received_at" else key for key in fields]
        + [f"context.{key}" for key in ("auth", "quality", "time", "warnings")]
    )


@attack("H01")
def _endless_body(kit):
    head = {"content-length": str(10 * 2**30)}
    refused(kit.post("/v1/track", b"{", head), (413, "body_too_large"))
    tracemalloc.start()
    bomb = gzip.compress(b" " * (64 * 2**20))
    refused(
        kit.post("/v1/track", bomb, {"content-encoding": "gzip"}, pieces=4),
        (413, "decompressed_too_large"),
    )
    endless = b" " * (4 * 2**20)
    refused(kit.post("/v1/track", endless, pieces=64), (413, "body_too_large"))
    assert tracemalloc.get_traced_memory()[1] < 80 * 2**20  # the test's own bomb is most of it
    tracemalloc.stop()


@attack("H03")
def _encodings(kit):
    for encoding in ("br", "zstd", "gzip,gzip", "gzip, gzip", "identity;q=0", "deflate"):
        refused(kit.track(headers={"content-encoding": encoding}), (415, "unsupported_encoding"))
    for body in (
        b"not gzip",
        gzip.compress(b"{}")[:-1],
        gzip.compress(b"{}") + b"x",
        gzip.compress(b"{}") * 2,
    ):
        refused(kit.post("/v1/track", body, {"content-encoding": "gzip"}), (400, "bad_encoding"))


@attack("H04")
def _slow_senders(kit):
    """Deadlines stand in the protocol: tests/runtime/test_guard_protocol.py."""
    from journeyfold.runtime.guard_protocol import ConnectionLimits

    limits = ConnectionLimits()
    assert (limits.head_s, limits.body_s, limits.body_bytes_per_s) == (10, 20, 1024)


@attack("H06")
def _smuggling(kit):
    from journeyfold.runtime.framing import Framing

    requests = json.loads((CONFORMANCE / "security/http_smuggling.json").read_text())
    for name, raw in requests.items():
        good, fault = Framing().feed(raw.encode("latin-1"))
        assert fault is not None, name
        assert fault.status in {400, 431}, name
        assert b"\r\n\r\n" not in good or "chunk" in name, name


@attack("H07")
def _large_heads(kit):
    from journeyfold.runtime.framing import Framing

    end = b" HTTP/1.1\r\nHost: a\r\n"
    cases = {
        b"GET /" + end + b"X: " + b"a" * 65_536 + b"\r\n\r\n": 431,
        b"GET /" + end + b"X: a\r\n" * 1000 + b"\r\n": 431,
        b"GET /" + b"a" * 16_200 + b" HTTP/1.1\r\nHost: a\r\n\r\n": 414,
        b"GET http://a/" + end + b"\r\n": 400,
        b"CONNECT a:1" + end + b"\r\n": 405,
        b"TRACE /" + end + b"\r\n": 405,
        b"brew /" + end + b"\r\n": 405,
    }
    for raw, status in cases.items():
        assert Framing().feed(raw)[1].status == status, raw[:40]
    refused(kit.send("BREW", "/v1/track"), (405, "method_not_allowed"))


@attack("H09")
def _content_types(kit):
    for media in (
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "application/json",
        "",
    ):
        assert kit.track(headers={"content-type": media}).status == 200, media
    for media in ("multipart/form-data; boundary=x", "text/html", "application/xml"):
        refused(kit.track(headers={"content-type": media}), (415, "unsupported_type"))


@attack("H10")
def _path_tricks(kit):
    for path in ("//v1/track", "/v1//track", "/./v1/track", "/v1/../v1/track", "/v1/%74rack", "/v1/track%00",
                 "/v1/track;x", "/v1/track.", "/v1/track//", "/V1/track", "/v1/\N{FULLWIDTH SOLIDUS}track"):  # fmt: skip
        answer = kit.post(path, {"event": "E", "userId": "u"})
        assert answer.status in {400, 404}, path
    assert kit.post("/v1/track/", {"event": "E", "userId": "u"}).status == 200
    assert len(kit.log.entries) == 1


@attack("H12")
def _overload(kit):
    from door_kit import busy

    kit.log.busy = [busy(99)]
    answer = kit.track()
    assert (answer.status, answer.headers["retry-after"]) == (503, "60")
    kit = Kit(Source(kind="browser", source="web", limits=Limits(events_per_s=10, burst=20)))
    answers = [kit.track() for _ in range(30)]
    assert [answer.status for answer in answers] == [200] * 20 + [429] * 10
    assert all(1 <= int(answer.headers["retry-after"]) <= 60 for answer in answers[20:])
    kit.seconds += 1  # the first second is kept for those who were told to come again
    assert kit.track().status == 429
    kit.seconds += 1
    assert kit.track().status == 200


@attack("H13")
def _clocks(kit):
    def occurred(**fields):
        assert kit.track(**fields).status == 200
        return kit.log.events[-1]

    ten_years, twenty = NOW_US + 3650 * DAY_US, NOW_US - 7300 * DAY_US
    event = occurred(timestamp=rfc3339(ten_years))
    assert event.occurred_us == NOW_US + 5 * MINUTE_US
    assert event.context["time"]["client"] == rfc3339(ten_years)
    event = occurred(timestamp=rfc3339(twenty))
    assert event.occurred_us == NOW_US - 90 * DAY_US
    event = occurred(timestamp=rfc3339(ten_years - MINUTE_US), sentAt=rfc3339(ten_years))
    assert event.occurred_us == NOW_US - MINUTE_US
    assert event.context["time"]["rule"] == "skew"


@attack("K02")
def _server_key_in_a_url(kit):
    answer = kit.post(f"/v1/track?writeKey={SRV}", {"event": "E", "userId": "u"}, key=None)
    refused(answer, (401, "unauthorized"))
    answer = kit.post(f"/beacon/v1/batch?writeKey={SRV}", {"batch": []}, key=None)
    refused(answer, (401, "unauthorized"))
    assert kit.audits == ["server_key_in_url"] * 2


@attack("K03")
def _origins(kit):
    kit = Kit(Source(kind="browser", source="web", origins=("https://mysite.com",)))
    for origin in ("https://evil.com", "null", "https://evil-mysite.com", "https://mysite.com.evil.com",
                   "http://mysite.com", "https://mysite.com:8443", "https://MYSITE.com.", ""):  # fmt: skip
        answer = kit.track(headers={"origin": origin})
        refused(answer, (403, "origin"))
        assert "access-control-allow-origin" not in answer.headers
    answer = kit.track(headers={"origin": "https://mysite.com"})
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert answer.headers["access-control-allow-origin"] == "https://mysite.com"


@attack("K05")
def _dead_keys(kit):
    answers = []
    other = new_key("pub", "live", bytes(range(2, 18)), bytes(range(32)))
    same_id = new_key("pub", "live", bytes(range(16)), bytes(range(7, 39)))
    text = str(PUB)
    for key in (
        other,
        same_id,
        text[:-1] + ("0" if text[-1] != "0" else "1"),
        "WK2",
        "",
        text.replace("pub", "srv"),
    ):
        answers.append(kit.post("/v1/track", {"event": "E", "userId": "u"}, key=key))
    for change in (
        {"revoked_us": NOW_US},
        {"expires_us": NOW_US},
        {"source": "of another project"},
    ):
        kit.keys.put(stored(PUB, **({"source": "web"} | change)))
        answers.append(kit.track())
    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1


@attack("K06")
def _timing(kit):
    """Unknown ids are compared with a dummy, so both ways do the same work."""
    right = new_key("pub", "live", bytes(range(16)), bytes(range(7, 39)))
    wrong = new_key("pub", "live", bytes(range(9, 25)), bytes(range(7, 39)))
    from journeyfold.collect.keys import Presented, opened

    spent = {right: [], wrong: []}
    for _ in range(3000):
        for key in (right, wrong):
            presented = Presented(str(key), in_authorization=True)
            begun = time.perf_counter_ns()
            opened(kit.keys, presented, NOW_US)
            spent[key].append(time.perf_counter_ns() - begun)
    medians = [sorted(each)[len(each) // 2] for each in spent.values()]
    assert max(medians) < 1.5 * min(medians)


@attack("D03")
def _cardinality(kit):
    kit = Kit(
        Source(
            kind="browser",
            source="web",
            limits=Limits(event_names=20, trait_keys=5, property_keys=10, burst=10_000),
        )
    )
    fates = [kit.track(event=f"name {n}").json for n in range(40)]
    assert [each["appended"] for each in fates] == [1] * 20 + [0] * 20
    assert {item.code for item in kit.log.held} == {"cardinality"}
    assert set(kit.counts) == {("web", "appended"), ("web", "quarantined")}
    body = {"userId": "u", "traits": {f"t{n}": 1 for n in range(6)}, "messageId": "t"}
    assert kit.post("/v1/identify", body).json["items"][0]["code"] == "cardinality"
    wide = kit.track(event="name 1", properties={f"p{n}": 1 for n in range(11)})
    assert wide.json["items"][0]["code"] == "cardinality"
