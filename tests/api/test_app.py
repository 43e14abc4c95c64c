"""The way in: routes, methods, keys, origins and the one form of an error."""

import pytest
from msgspec.structs import replace

from journeyfold.api.errors import STATUS
from journeyfold.core.errors import EngineError
from journeyfold.core.keys import hashed

WAYS_TO_BE_NOBODY = ["", "nonsense", "jf_pub_dev_0000000000_" + "0" * 32 + "_000000"]


@pytest.mark.parametrize("key", [*WAYS_TO_BE_NOBODY, None])
def test_every_unknown_key_gets_the_same_401(kit, key):
    answered = kit.decide(key=key)
    assert (answered.status, answered.json) == (401, {
        "error": {
            "code": "unauthorized",
            "message": "the key is missing, wrong, or no longer valid",
            "pointer": "",
            "index": None,
        }
    })  # fmt: skip
    assert len(kit.audit) == 1


def test_a_key_may_come_as_basic_or_in_its_own_header(kit):
    from base64 import b64encode

    basic = b64encode(f"{kit.texts['pub']}:".encode()).decode()
    assert kit.decide(key=None, headers={"authorization": f"Basic {basic}"}).status == 200
    assert kit.decide(key=None, headers={"x-write-key": kit.texts["pub"]}).status == 200


def test_a_server_key_outside_authorization_opens_nothing(kit):
    assert kit.decide(key=None, headers={"x-write-key": kit.texts["srv"]}).status == 401


def test_two_different_keys_open_nothing(kit):
    assert kit.decide(key="srv", headers={"x-write-key": kit.texts["pub"]}).status == 401


def test_an_origin_that_is_not_listed_is_403(kit):
    good = kit.decide(key="walled", headers={"origin": "https://shop.example"})
    bad = kit.decide(key="walled", headers={"origin": "https://evil.example"})
    assert (good.status, bad.status, bad.json["error"]["code"]) == (200, 403, "origin")


def test_a_preflight_needs_no_key_on_browser_paths(kit):
    headers = {"origin": "https://a.example", "access-control-request-headers": "x-write-key"}
    answered = kit.call("OPTIONS", "/v1/decide", key=None, headers=headers)
    assert answered.status == 204
    assert answered.headers["access-control-allow-headers"] == "x-write-key"
    assert answered.headers["access-control-allow-origin"] == "https://a.example"


def test_other_paths_are_silent_about_origins(kit):
    answered = kit.call("OPTIONS", "/v1/segments", key=None, headers={"origin": "https://a.x"})
    assert (answered.status, answered.headers["allow"]) == (405, "GET")
    read = kit.call("GET", "/v1/segments", headers={"origin": "https://a.x"})
    assert not [name for name in read.headers if name.startswith("access-control")]


def test_errors_of_browser_paths_can_be_read_by_the_page(kit):
    answered = kit.decide({"mode": "x"}, key="pub", headers={"origin": "https://a.x"})
    assert answered.headers["access-control-allow-origin"] == "https://a.x"


def test_a_wrong_method_names_the_right_ones(kit):
    answered = kit.call("GET", "/v1/decide")
    assert (answered.status, answered.headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize(
    "path",
    ["/v1/nothing", "/v1/decide/", "/v1//decide", "/v1/people/", "/v1/people/a%2Fb",
     "/v1/people/%FF", "/v1/people/%00", "/v1/people/" + "x" * 600],
)  # fmt: skip
def test_what_is_not_a_path_of_ours_is_404(kit, path):
    assert kit.call("GET", path).status == 404
    assert not kit.api.owns(path)


def test_it_owns_its_own_paths(kit):
    assert kit.api.owns("/v1/decide")
    assert kit.api.owns("/v1/people/p_1/records")
    assert not kit.api.owns("/v1/track")


def test_a_key_over_its_rate_is_429_with_a_time(kit):
    kit.services.door.rates.wait_s(kit_key(kit), 5_000, 1_000, 5_000, 0.0)
    answered = kit.decide(key="pub")
    assert (answered.status, answered.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize(
    "changed",
    [{"revoked_us": 1}, {"expires_us": 1}, {"secret_sha256": hashed("other")},
     {"addresses": ("10.0.0.0/8",)}],
)  # fmt: skip
def test_a_key_that_has_opened_is_looked_up_anew_each_time(kit, changed):
    assert kit.decide(key="pub").status == 200
    keys = kit.services.door.keys
    keys.put(replace(keys.find(kit_key(kit)), **changed))
    assert kit.decide(key="pub").status == 401


def test_a_key_that_has_opened_opens_no_less_the_next_time(kit):
    answers = [kit.decide(key="narrow") for _ in range(2)]
    assert [each.status for each in answers] == [200, 200]
    assert kit.call("GET", "/v1/segments", key="narrow").status == 403


def test_a_second_key_beside_one_that_has_opened_opens_nothing(kit):
    assert kit.decide(key="srv").status == 200
    assert kit.decide(key="srv", headers={"x-write-key": kit.texts["pub"]}).status == 401


def kit_key(kit):
    return kit.texts["pub"].split("_")[3]


def test_a_store_that_fails_is_503_and_the_process_lives(kit):
    def fail(*_args):
        raise EngineError("disk I/O error")

    kit.services.desk.people.find = fail
    body = {"kind": "email", "value": "a@b.example"}
    assert kit.call("POST", "/v1/people/lookup", body).status == 503
    assert kit.decide().status == 200


def test_a_query_that_is_not_utf8_or_not_a_number_is_400(kit):
    for query in ("limit=%FF", "limit=abc", "limit=0", "limit=501"):
        assert kit.call("GET", f"/v1/quarantine?{query}").status == 400


def test_answers_are_never_stored_by_caches(kit):
    assert kit.decide().headers["cache-control"] == "no-store"


def test_every_code_has_a_status_a_client_can_act_on():
    assert set(STATUS.values()) == {400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 503}
