"""The door's other entrances and its refusals, end to end on a live server."""

import base64
import gzip
import hashlib
import hmac
import json
import time
from html import unescape

import httpx
import pytest
from client_programs import wait_for_reload
from door_sources import PAY_SECRET
from live import run_cli

GIF = b"GIF89a"


def person_page(door, user, kind="user_id"):
    """The person as the API has it, with its records, newest first."""
    door.wait_folded()
    with door.client() as server:
        found = server.post("/v1/people/lookup", json={"kind": kind, "value": user})
        if found.status_code == 404:
            return None, []
        person = found.json()["person"]
        records = server.get(f"/v1/people/{person}/records").json()["records"]
    return person, [each for each in records if each["type"] != "output"]


def test_a_pixel_is_a_picture_and_an_event(door):
    message = base64.urlsafe_b64encode(b'{"event":"Opened","userId":"px-1","messageId":"px-1"}')
    with httpx.Client(base_url=door.url, trust_env=False) as mail:
        shown = mail.get(
            "/v1/pixel/track", params={"data": message.decode().rstrip("="), "writeKey": "WK"}
        )
        assert (shown.status_code, shown.content[:6], len(shown.content)) == (200, GIF, 43)
        assert (shown.headers["x-result"], shown.headers["cache-control"]) == ("appended", "no-store")  # fmt: skip
        flat = {"writeKey": "WK", "userId": "px-1", "name": "Mail", "properties.subject": "Hi"}
        assert mail.get("/pixel/v1/page", params=flat).headers["x-result"] == "appended"
        nobody = mail.get("/v1/pixel/track", params={"data": "%%%", "writeKey": "WK"})
        assert (nobody.status_code, nobody.content[:6]) == (200, GIF)
        assert nobody.headers["x-result"] != "appended"
    _, records = person_page(door, "px-1")
    assert [each["name"] for each in records] == ["Page", "Opened"]
    assert records[0]["properties"]["subject"] == "Hi"


def test_a_pixel_as_mails_for_segment_hold_it_carries_its_key_in_its_message(door):
    message = {"writeKey": "WK", "userId": "px-2", "event": "Email Opened", "messageId": "px-2"}
    packed = base64.b64encode(json.dumps(message).encode()).decode()
    shown = httpx.get(f"{door.url}/v1/pixel/track", params={"data": packed}, trust_env=False)
    assert shown.headers["x-result"] == "appended"
    assert [each["name"] for each in person_page(door, "px-2")[1]] == ["Email Opened"]


def test_a_client_pointed_at_a_wrong_path_learns_it(door):
    """A redirect to the sign-in page would be a 200 to a client that follows it."""
    sent = httpx.post(
        f"{door.url}/v1x/batch", json={"batch": []}, auth=("WK", ""), follow_redirects=True,
        trust_env=False,
    )  # fmt: skip
    assert (sent.status_code, sent.json()["error"]["code"]) == (404, "not_found")


def test_figures_that_were_forwarded_need_a_server_key(door):
    url, far = f"{door.url}/metrics", {"x-forwarded-for": "203.0.113.9"}
    assert httpx.get(url, headers=far, trust_env=False).status_code == 401
    assert httpx.get(url, headers=far, auth=("WK", ""), trust_env=False).status_code == 401
    with door.client() as server:
        assert server.get("/metrics", headers=far).status_code == 200


def test_a_beacon_brings_its_key_in_the_address(door):
    batch = {"batch": [{"type": "track", "event": "Left", "anonymousId": "bc-1"}]}
    sent = httpx.post(
        f"{door.url}/beacon/v1/batch", params={"writeKey": "WK"}, content=json.dumps(batch),
        headers={"content-type": "text/plain", "origin": "https://shop.example.com"},
        trust_env=False,
    )  # fmt: skip
    assert (sent.status_code, sent.json()["appended"]) == (200, 1)
    assert sent.headers["access-control-allow-origin"] == "https://shop.example.com"
    assert [each["name"] for each in person_page(door, "bc-1", "anonymous_id")[1]] == ["Left"]


def test_the_snippet_of_a_cdn_finds_its_settings(door):
    told = httpx.get(f"{door.url}/v1/projects/WK/settings", trust_env=False)
    assert told.json()["integrations"]["Segment.io"]["apiKey"] == "WK"
    assert httpx.get(f"{door.url}/v1/projects/NOBODY/settings", trust_env=False).status_code == 401
    config = httpx.get(f"{door.url}/sourceConfig/", params={"writeKey": "WK"}, trust_env=False)
    assert config.status_code == 200


def paid(door, *, delivery, body, secret=PAY_SECRET):
    """A delivery as Standard Webhooks signs it."""
    stamp = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{delivery}.{stamp}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": delivery, "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
        "content-type": "application/json",
    }  # fmt: skip
    return httpx.post(f"{door.url}/hooks/pay", content=body, headers=headers, trust_env=False)


PAYMENT = {"kind": "paid", "customer": "wh-1", "order": "o-7", "amount": 12, "at": "2026-11-20T10:00:00Z"}  # fmt: skip


def test_a_signed_delivery_is_mapped_to_an_event_of_its_person(door):
    body = json.dumps(PAYMENT).encode()
    assert paid(door, delivery="msg_1", body=body).json()["appended"] == 1
    assert paid(door, delivery="msg_1", body=body).json()["duplicate"] == 1
    _, (record,) = person_page(door, "wh-1")
    assert (record["name"], record["source"], record["id"]) == ("Order Paid", "pay", "msg_1")
    assert record["properties"] == {"order_id": "o-7", "amount": 12}


def test_a_delivery_with_a_wrong_signature_leaves_nothing(door):
    body = json.dumps(PAYMENT | {"customer": "wh-2"}).encode()
    wrong = "whsec_" + base64.b64encode(bytes(24)).decode()
    assert paid(door, delivery="msg_2", body=body, secret=wrong).status_code == 401
    assert person_page(door, "wh-2") == (None, [])


def test_a_delivery_that_no_line_maps_is_held_and_answered_with_200(door):
    told = paid(door, delivery="msg_3", body=b'{"kind":"ping"}')
    assert (told.status_code, told.json()["quarantined"]) == (200, 1)
    held = json.loads(run_cli(door.directory, "quarantine", "list", "--source", "pay", "--json").stdout)  # fmt: skip
    assert [item["code"] for item in held["items"]] == ["unmapped"]


def replayed(door, *words):
    done = run_cli(door.directory, "quarantine", "replay", *words, "--json")
    return json.loads(done.stdout)


def test_a_held_message_is_appended_after_its_schema_was_put_right(door):
    order = {
        "type": "track", "event": "Order Completed", "userId": "qr-1", "messageId": "qr-1",
        "properties": {"order_id": "o-1"}, "timestamp": "2026-11-20T10:00:00Z",
    }  # fmt: skip
    with door.client() as server:
        told = server.post("/v1/batch", json={"batch": [order]}).json()
        assert (told["quarantined"], told["items"][0]["pointer"]) == (1, "/properties/total")
        assert replayed(door, "--source", "shop_server")["still"] == {"schema": 1}
        path = door.directory / "schemas" / "order_completed.1.json"
        path.write_text(path.read_text().replace('["order_id", "total"]', '["order_id"]'))
        wait_for_reload(door)
        assert replayed(door, "--source", "shop_server", "--dry-run")["appended"] == 1
        assert replayed(door, "--source", "shop_server")["appended"] == 1
        assert replayed(door, "--source", "shop_server")["tried"] == 0
        again = server.post("/v1/batch", json={"batch": [order]}).json()
        assert again["duplicate"] == 1
    _, (record,) = person_page(door, "qr-1")
    assert (record["id"], record["occurred"][:16]) == ("qr-1", "2026-11-20T10:00")


def test_a_conflict_of_ids_is_held_and_survives_its_replay(door):
    with door.client() as server:
        for total in (1, 2):
            event = {"type": "track", "event": "Rated", "userId": "cf-1", "messageId": "cf-1", "properties": {"total": total}}  # fmt: skip
            told = server.post("/v1/batch", json={"batch": [event]}).json()
        assert (told["quarantined"], told["items"][0]["code"]) == (1, "message_id_conflict")
    assert replayed(door, "--code", "message_id_conflict")["still"] == {"message_id_conflict": 1}
    listed = run_cli(door.directory, "quarantine", "list", "--code", "message_id_conflict", "--json")  # fmt: skip
    (item,) = json.loads(listed.stdout)["items"]
    assert item["message"]["properties"] == {"total": 2}


def test_a_forged_receipt_is_held(door):
    event = {"type": "track", "event": "Offer Clicked", "anonymousId": "rc-1", "properties": {"receipt": "bm8.bm8"}}  # fmt: skip
    with door.client("pub", "shop_web") as browser:
        told = browser.post("/v1/batch", json={"batch": [event]}).json()
    assert (told["quarantined"], told["items"][0]["code"]) == (1, "receipt")


def view(canary, answer, **who):
    return {
        "type": "track", "event": "Product Viewed", "messageId": f"{canary}-id", **who,
        "properties": {"sku": canary, "category": "shoes"},
        "context": {"consent": {"categoryPreferences": dict.fromkeys(("analytics", "personalization"), answer)}},
    }  # fmt: skip


def stored_anywhere(door, text):
    """Files of the data directory that hold these bytes, deflated pages aside: nothing deflates."""
    needle = text.encode()
    return [
        path.name
        for path in (door.directory / ".journeyfold").rglob("*")
        if path.is_file() and needle in path.read_bytes()
    ]


def test_of_a_visitor_who_refuses_nothing_is_stored(door):
    with httpx.Client(base_url=door.url, auth=("VISITOR", ""), trust_env=False) as visitor:
        refused = view("canary-refused-4711", False, anonymousId="canary-refused-4711-anonymous")
        told = visitor.post("/v1/batch", json={"batch": [refused]})
        assert (told.status_code, told.json()["items"][0]["code"]) == (200, "consent")
        single = visitor.post("/v1/track", json=refused)
        assert (single.status_code, single.json()["rejected"]) == (200, 1)
        granted = view("canary-granted-4711", True, anonymousId="canary-granted-4711-anonymous")
        assert visitor.post("/v1/batch", json={"batch": [granted]}).json()["appended"] == 1
        door.wait_folded()
        time.sleep(0.5)  # what is still in memory would be on the disk by now
    assert stored_anywhere(door, "canary-granted-4711")  # so that the search is known to find
    assert stored_anywhere(door, "canary-refused-4711") == []


def test_a_refusal_that_was_stored_holds_for_what_comes_later(door):
    who = {"anonymousId": "refuser-1"}
    said = {"type": "track", "event": "Consent Updated", **who, "properties": {"purposes": {"analytics": "denied", "personalization": "denied"}}}  # fmt: skip
    later = {"type": "track", "event": "Product Viewed", **who, "properties": {"sku": "canary-later-4711"}}  # fmt: skip
    with httpx.Client(base_url=door.url, auth=("VISITOR", ""), trust_env=False) as visitor:
        assert visitor.post("/v1/batch", json={"batch": [said]}).json()["appended"] == 1
        door.wait_folded()
        assert visitor.post("/v1/batch", json={"batch": [later]}).json()["rejected"] == 1
    assert stored_anywhere(door, "canary-later-4711") == []


@pytest.fixture(scope="module")
def naughty(door, conformance):
    """515 naughty strings as names, keys and values of one person, and as ids of others."""
    strings = json.loads((conformance / "security/blns.json").read_text())
    with door.client() as server:
        for first in range(0, len(strings), 100):
            batch = []
            for number, text in enumerate(strings[first : first + 100], first):
                who = {"userId": "naughty", "messageId": f"bl-{number}"}
                batch.append({"type": "track", "event": text, "properties": {text: text, "k": text}, **who})  # fmt: skip
                batch.append({"type": "track", "event": "Named", "userId": text, "messageId": f"bi-{number}"})  # fmt: skip
            told = server.post("/v1/batch", json={"batch": batch})
            assert told.status_code == 200, told.text
        some = {f"t{number}": text for number, text in enumerate(strings[:200])}
        traits = {"type": "identify", "userId": "naughty", "traits": {**some, "name": strings[-1]}}
        assert server.post("/v1/batch", json={"batch": [traits]}).json()["appended"] == 1
    return strings


def test_naughty_strings_are_kept_byte_for_byte(door, naughty):
    _, _ = person_page(door, "naughty")
    kept = {}
    with door.client() as server:
        person = server.post("/v1/people/lookup", json={"kind": "user_id", "value": "naughty"}).json()["person"]  # fmt: skip
        before = None
        while True:
            page = server.get(f"/v1/people/{person}/records", params={"before": before} if before else {}).json()  # fmt: skip
            kept |= {each["id"]: each for each in page["records"]}
            before = page["next_before"]
            if before is None:
                break
    appended = [number for number in range(len(naughty)) if f"bl-{number}" in kept]
    assert len(appended) > 500
    for number in appended:
        record, text = kept[f"bl-{number}"], naughty[number]
        assert (record["name"], record["properties"]["k"], record["properties"][text]) == (text,) * 3  # fmt: skip


def test_the_console_shows_naughty_strings_inert(door, naughty):
    """HTTP level: nothing of them is markup, an attribute or a script of the page."""
    person, _ = person_page(door, "naughty")
    password = door.output.split("user admin, password ")[1].split()[0]
    with httpx.Client(base_url=door.url, trust_env=False, follow_redirects=True) as console:
        entered = console.post(
            "/sign-in", data={"name": "admin", "password": password, "next": "/"},
            headers={"origin": door.url},
        )  # fmt: skip
        assert entered.status_code == 200
        for path in (f"/people/{person}", "/live", "/quarantine", "/people", "/"):
            page = console.get(path)
            assert page.status_code == 200, path
            assert "'unsafe-inline'" not in page.headers["content-security-policy"]
            for text in naughty:
                if "<" in text and len(text) > 3:
                    assert text not in page.text, (path, text)
            assert "<script>alert" not in page.text.lower()
        shown = unescape(console.get(f"/people/{person}").text)
        assert any(text in shown for text in naughty if "<script>" in text)


def test_a_gzip_body_of_a_program_without_a_library_is_taken(door):
    body = gzip.compress(b'{"event":"Zipped","userId":"gz-1"}')
    sent = httpx.post(
        f"{door.url}/v1/track", content=body, auth=("WK", ""), headers={"content-encoding": "gzip"},
        trust_env=False,
    )  # fmt: skip
    assert sent.json()["appended"] == 1
