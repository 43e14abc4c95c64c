"""HTTP APIs that answer JSON in pages (collect C43), on a real server."""

import time
from base64 import b64encode
from email.utils import formatdate
from urllib.parse import parse_qs

import pytest
from http_receiver import receiving
from pull_kit import CURSOR, Pulled

from journeyfold.collect.child import ImportFailed

TYPES = {"updated_at": "timestamp"}
MOMENT = "2026-01-01T10:%02d:00Z"


def contact(number):
    at, email = MOMENT % number, f"p{number}@example.com"
    return {"id": number, "email": email, "updated_at": at, "total": 1.5}


class Api:
    """Contacts in pages of two; `spoiled` is what comes instead, request by request."""

    def __init__(self, number=5, **spoiled):
        self.contacts = [contact(each) for each in range(1, number + 1)]
        self.spoiled = {int(name[1:]): answer for name, answer in spoiled.items()}
        self.asked = 0

    def __call__(self, request):
        self.asked += 1
        if self.asked in self.spoiled:
            return self.spoiled[self.asked]
        return self.page(request)

    def page(self, request):
        since = request.query.get("since", "")
        found = [each for each in self.contacts if each["updated_at"] >= since]
        first = int(request.query.get("after", 0))
        more = {"next": {"after": str(first + 2)}} if first + 2 < len(found) else {}
        return 200, {"results": found[first : first + 2], "paging": more}


PAGED = {
    "items": "results",
    "paging": {"cursor": {"path": "paging.next.after", "param": "after"}},
    "rate": {"requests_per_s": 500},
}
SINCE = {"params": {"since": "{since}"}, "since": {"start": "2026-01-01T00:00:00Z"}}


def opened(directory, receiver, keys=None, secrets=None, allow=("127.0.0.1",), **source):
    http = PAGED | {"url": f"{receiver.url}/v1/contacts"} | (keys or {})
    return Pulled(directory, {"http": http, "types": TYPES}, secrets, allow, **source)


def counts(account):
    return account.appended, account.duplicate, account.quarantined


def refusal(shop):
    with pytest.raises(ImportFailed) as failed:
        shop.run()
    assert failed.value.reason == "server"
    return failed.value.sentence


def test_every_page_is_read_and_reading_again_appends_nothing(tmp_path):
    with receiving(Api()) as receiver:
        shop = opened(tmp_path, receiver)
        assert counts(shop.run()) == (5, 0, 0)
        assert counts(shop.run()) == (0, 5, 0)
    assert shop.ids()[0] == "1/2026-01-01T10:01:00Z"


def test_a_run_by_cursor_asks_for_what_lies_past_the_highest_less_the_overlap(tmp_path):
    api = Api()
    with receiving(api) as receiver:
        shop = opened(tmp_path, receiver, SINCE, cursor=CURSOR | {"overlap": "1m"})
        shop.run()
        api.contacts.append(contact(9))
        assert counts(shop.run()) == (1, 2, 0)
        assert receiver.requests[-1].query["since"] == "2026-01-01T10:04:00Z"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((404, {"message": "no such list"}), "the API answered 404: .*no such list"),
        ((301, b"", {"location": "https://x.example"}), "redirects are not followed, write https"),
        ((200, b"<html>Sign in</html>", {"content-type": "text/html"}),
         "did not answer JSON .*<html>Sign in"),
        ((200, b""), "answered nothing where JSON"),
        ((200, b'{"results": [{"id": 3, "ema'), "did not answer JSON"),
        ((200, {"results": {"id": 3}}), "page 2: `items: results` is no list"),
        ((200, {"data": []}), "page 2: `items: results` is not there; the answer has: data"),
        ((429, b"", {"retry-after": "7200"}), "answered 429; it asks to wait for 2h, longer than"),
        ((503, b"", {"retry-after": formatdate(time.time() + 86_000, usegmt=True)}),
         "answered 503; it asks to wait for"),
        ((401, {}), "the API answered 401"),
    ],
)  # fmt: skip
def test_an_answer_of_no_use_is_one_sentence_and_the_pages_before_it_count(tmp_path, answer, told):
    import re

    with receiving(Api(r2=answer)) as receiver:
        shop = opened(tmp_path, receiver)
        assert re.search(told, sentence := refusal(shop)), sentence
        assert len(shop.events) == 2
        assert counts(shop.run()) == (3, 0, 0)  # the next run goes on at the page that failed


def test_what_may_get_better_is_asked_again(tmp_path):
    busy = (429, b"", {"retry-after": "1"})
    with receiving(Api(r1=busy, r3=(500, b"oh"))) as receiver:
        began = time.monotonic()
        assert counts(opened(tmp_path, receiver).run()) == (5, 0, 0)
        assert time.monotonic() - began > 1
        assert len(receiver.requests) == 5


def test_attempts_end(tmp_path):
    with receiving(lambda _request: (502, b"")) as receiver:
        shop = opened(tmp_path, receiver, {"attempts": 2})
        assert "answered 502, 2 times in a row" in refusal(shop)
        assert len(receiver.requests) == 2


def test_a_server_that_is_not_there_is_said(tmp_path):
    with receiving() as receiver:
        shop = opened(tmp_path, receiver, {"attempts": 1})
    assert "the API does not answer: no connection" in refusal(shop)


def test_an_address_inside_is_refused_unless_the_project_lists_it(tmp_path):
    with receiving(Api()) as receiver:
        shop = opened(tmp_path, receiver, allow=())
        assert "server.outgoing.allow" in refusal(shop)
        assert receiver.requests == []


def test_an_api_that_ignores_the_page_is_stopped(tmp_path):
    def always_the_first(_request):
        first = [contact(1), contact(2)]
        always_the_first.after += 1
        return 200, {"results": first, "paging": {"next": {"after": str(always_the_first.after)}}}

    always_the_first.after = 0
    with receiving(always_the_first) as receiver:
        shop = opened(tmp_path, receiver)
        assert "leads to a page that was there already" in refusal(shop)
        assert (len(shop.events), len(receiver.requests)) == (2, 2)


def test_a_page_that_leads_to_itself_is_stopped(tmp_path):
    page = {"results": [contact(1)], "paging": {"next": {"after": "2"}}}
    with receiving(lambda _request: (200, page)) as receiver:
        assert "leads to a page that was there already" in refusal(opened(tmp_path, receiver))


def test_a_page_that_the_api_has_forgotten_begins_the_run_anew(tmp_path):
    with receiving(Api(r2=(404, {}), r3=(400, {"message": "cursor has expired"}))) as receiver:
        shop = opened(tmp_path, receiver)
        refusal(shop)
        assert counts(shop.run()) == (3, 2, 0)


def test_an_api_that_ends_before_the_end_is_gone_round_where_items_are_sorted(tmp_path):
    class Capped(Api):
        def page(self, request):
            if int(request.query.get("after", 0)) >= 4:
                return 400, {"message": "no more than 4 of one question"}
            return super().page(request)

    with receiving(Capped(number=9)) as receiver:
        keys = {**SINCE, "since": {**SINCE["since"], "sorted": True}}
        shop = opened(tmp_path, receiver, keys, cursor=CURSOR | {"overlap": "0s"})
        for _ in range(2):
            assert "no more than 4 of one question" in refusal(shop)
        shop.run()
    assert len(shop.ids()) == 9


def test_an_item_that_makes_no_sense_is_in_quarantine_and_the_rest_is_in(tmp_path):
    api = Api()
    api.contacts[1]["updated_at"] = "yesterday"
    api.contacts[3] = {"updated_at": MOMENT % 4}
    with receiving(api) as receiver:
        shop = opened(tmp_path, receiver)
        assert counts(shop.run()) == (3, 0, 2)
    assert sorted(held.held.code for held in shop.held) == ["bad_value", "no_id"]


def test_a_page_larger_than_allowed_is_said(tmp_path):
    with receiving(Api()) as receiver:
        shop = opened(tmp_path, receiver, {"page_max": "100B"})
        assert "larger than `page_max` (100B)" in refusal(shop)


# --- who asks


class Granting(Api):
    """Wants a token of `/token` that it granted last; a token is good for `uses` requests."""

    def __init__(self, uses=100, refused=None):
        super().__init__()
        self.uses, self.refused, self.granted, self.left = uses, refused, 0, 0

    def page(self, request):
        if request.path == "/token":
            if self.refused:
                return self.refused
            form = {name: value[0] for name, value in parse_qs(request.body.decode()).items()}
            who = "Basic " + b64encode(b"shop:s%3Acret").decode()
            assert (form["grant_type"], form["scope"]) == ("client_credentials", "crm.read")
            assert request.headers["authorization"] == who
            self.granted, self.left = self.granted + 1, self.uses
            return 200, {"access_token": f"t{self.granted}", "expires_in": 3600}
        if request.headers.get("authorization") != f"Bearer t{self.granted}" or not self.left:
            return 401, {"message": "token expired"}
        self.left -= 1
        return super().page(request)


def granted(directory, receiver):
    oauth2 = {
        "token_url": f"{receiver.url}/token", "client_id": "shop", "scope": "crm.read",
        "client_secret": "${env:SECRET}",
    }  # fmt: skip
    return opened(directory, receiver, {"auth": {"oauth2": oauth2}}, {"SECRET": "s:cret"})


def test_a_token_is_granted_for_client_credentials(tmp_path):
    with receiving(api := Granting()) as receiver:
        assert counts(granted(tmp_path, receiver).run()) == (5, 0, 0)
    assert api.granted == 1


def test_a_token_that_is_refused_is_renewed(tmp_path):
    with receiving(api := Granting(uses=1)) as receiver:
        assert counts(granted(tmp_path, receiver).run()) == (5, 0, 0)
    assert api.granted == 3


def test_a_token_endpoint_that_refuses_is_said_without_the_secret(tmp_path):
    refused = (400, {"error": "invalid_client", "error_description": "no s:cret s%3Acret"})
    with receiving(Granting(refused=refused)) as receiver:
        told = refusal(granted(tmp_path, receiver))
    assert "the token endpoint answered 400" in told
    assert "invalid_client" in told
    assert "s:cret" not in told
    assert "s%3Acret" not in told


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"bearer": "${env:SECRET}"}, "authorization", "Bearer hush"),
        ({"basic": {"user": "a", "password": "${env:SECRET}"}}, "authorization", "Basic YTpodXNo"),
        ({"header": {"name": "x-api-key", "secret": "${env:SECRET}"}}, "x-api-key", "hush"),
    ],
)
def test_a_request_says_who_asks(tmp_path, auth, header, value):
    with receiving(Api(number=1)) as receiver:
        opened(tmp_path, receiver, {"auth": auth}, {"SECRET": "hush"}).run()
        assert receiver.only.headers[header] == value


# --- the shapes of two platforms, with their presets


def test_contacts_of_hubspot_are_searched_by_what_changed(tmp_path):
    def search(request):
        after = int(request.json.get("after", 0))
        properties = {"email": f"p{after}@example.com", "lastmodifieddate": MOMENT % (after + 1)}
        item = {"id": str(after), "properties": properties, "archived": False}
        paging = {"next": {"after": str(after + 1)}} if after < 2 else {}
        return 200, {"total": 3, "results": [item], "paging": paging}

    keys = {
        "method": "POST",
        "body": {"filterGroups": [{"filters": [
            {"propertyName": "lastmodifieddate", "operator": "GTE", "value": "{since}"},
        ]}], "limit": 1},
        "merge": ["properties"],
        "since": {"start": "0", "format": "ms"},
    }  # fmt: skip
    with receiving(search) as receiver:
        shop = opened(
            tmp_path, receiver, keys, preset="hubspot_contacts", map=[], fields=None,
            cursor={"column": "lastmodifieddate", "key": "id", "overlap": "0s"},
        )  # fmt: skip
        shop.gate = preset_gate(shop, {"lastmodifieddate": "timestamp"})
        assert counts(shop.run()) == (3, 0, 0)
        shop.run()
        filters = receiver.requests[-1].json["filterGroups"][0]["filters"]
    assert filters[0]["value"] == "1767261780000"
    assert shop.events[1].traits["email"] == "p1@example.com"


def test_contacts_of_salesforce_are_queried_page_by_page(tmp_path):
    def query(request):
        is_first = request.path.endswith("/query")
        record = {
            "attributes": {"type": "Contact"}, "Id": "003A" if is_first else "003B",
            "SystemModstamp": "2026-01-01T10:00:00.000+0000", "Email": "ann@example.com",
            "IsDeleted": not is_first,
        }  # fmt: skip
        more = {"nextRecordsUrl": "/services/data/v61.0/query/01g-500"} if is_first else {}
        return 200, {"totalSize": 2, "done": not is_first, "records": [record], **more}

    soql = "SELECT Id, Email FROM Contact WHERE SystemModstamp >= {since} ORDER BY SystemModstamp"
    keys = {
        "params": {"q": soql}, "items": "records", "paging": {"next_link": "nextRecordsUrl"},
        "since": {"start": "1970-01-01T00:00:00Z"},
    }  # fmt: skip
    with receiving(query) as receiver:
        keys["url"] = f"{receiver.url}/services/data/v61.0/query"
        shop = opened(
            tmp_path, receiver, keys, preset="salesforce_contacts", map=[], fields=None,
            cursor={"column": "SystemModstamp", "key": "Id"},
        )  # fmt: skip
        shop.gate = preset_gate(shop, {"SystemModstamp": "timestamp", "IsDeleted": "bool"})
        account = shop.run()
    assert (account.appended, account.filtered) == (1, 1)


def preset_gate(shop, types):
    """The columns of these presets have names of their own."""
    import msgspec

    source = shop.gate.source
    read = msgspec.structs.replace(source.read, types=types)
    return msgspec.structs.replace(shop.gate, source=msgspec.structs.replace(source, read=read))
