"""google-ads: uploads with partial failure and customer match (Google Ads API, REST)."""

from hashlib import sha256
from urllib.parse import parse_qs

import pytest
from destination_kit import destined, opened, parcel, statuses
from http_receiver import receiving
from platform_kit import SHA256, TEXT, Platform, arrays, objects, shaped

from journeyfold.core.errors import ProjectError

GRANT = {"enum": ["GRANTED", "DENIED"]}
CONSENT = objects({}, {"adUserData": GRANT, "adPersonalization": GRANT})
ADDRESS = objects({
    "hashedFirstName": SHA256, "hashedLastName": SHA256,
    "countryCode": {"type": "string", "pattern": "^[A-Z]{2}$"}, "postalCode": TEXT,
})  # fmt: skip
IDENTIFIER = {"oneOf": [
    objects({"hashedEmail": SHA256}), objects({"hashedPhoneNumber": SHA256}),
    objects({"addressInfo": ADDRESS}), objects({"thirdPartyUserId": TEXT}),
]}  # fmt: skip
ACTION = {"const": "customers/1234567890/conversionActions/98"}
CONVERSIONS = objects({
    "partialFailure": {"const": True},
    "conversions": arrays(objects(
        {"conversionAction": ACTION, "orderId": TEXT,
         "conversionDateTime": {"type": "string",
                                "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d$"}},
        {"gclid": TEXT, "gbraid": TEXT, "wbraid": TEXT, "conversionValue": {"type": "number"},
         "currencyCode": {"type": "string", "pattern": "^[A-Z]{3}$"}, "consent": CONSENT,
         "conversionEnvironment": {"enum": ["APP", "WEB"]},
         "userIdentifiers": arrays(IDENTIFIER, 5)},
    ), 2_000),
})  # fmt: skip
ADJUSTMENTS = objects({
    "partialFailure": {"const": True},
    "conversionAdjustments": arrays(objects(
        {"adjustmentType": {"const": "ENHANCEMENT"}, "conversionAction": ACTION, "orderId": TEXT,
         "userIdentifiers": arrays(IDENTIFIER, 5)},
        {"userAgent": TEXT},
    ), 2_000),
})  # fmt: skip
JOB = objects({"job": objects({
    "type": {"const": "CUSTOMER_MATCH_USER_LIST"},
    "customerMatchUserListMetadata": objects({
        "userList": {"const": "customers/1234567890/userLists/47"}}, {"consent": CONSENT}),
})})  # fmt: skip
OPERATION = {"oneOf": [
    objects({name: objects({"userIdentifiers": arrays(IDENTIFIER, 20)})})
    for name in ("create", "remove")
]}  # fmt: skip
OPERATIONS = objects(
    {"operations": arrays(OPERATION, 10_000), "enablePartialFailure": {"const": True}}
)
JOB_NAME = "customers/1234567890/offlineUserDataJobs/1"
SECRETS = {"DEV": "d3v", "CLIENT": "cl1ent", "REFRESH": "refr3sh"}


def digest(text):
    return sha256(text.encode()).hexdigest()


def failure(field, index, kind, code, message="no"):
    return {
        "@type": "type.googleapis.com/google.ads.googleads.v23.errors.GoogleAdsFailure",
        "errors": [{
            "errorCode": {kind: code}, "message": message,
            "location": {"fieldPathElements": [{"fieldName": field, "index": index},
                                               {"fieldName": "gclid"}]},
        }],
    }  # fmt: skip


class GoogleAds(Platform):
    """Conversions by order id, once each; a list of whoever was matched when its job ran."""

    def __init__(self):
        super().__init__()
        self.orders, self.enhanced, self.matched, self.job = {}, [], [], None
        self.failures, self.grants = [], []

    def answer(self, request):
        if request.path == "/token":
            self.grants.append(parse_qs(request.body.decode()))
            return 200, {"access_token": "acc3ss", "expires_in": 3599}
        assert request.headers["authorization"] == "Bearer acc3ss"
        assert request.headers["developer-token"] == "d3v"
        assert request.method == "POST"
        match request.path.removeprefix("/v23/"):
            case "customers/1234567890:uploadClickConversions":
                return self.upload(shaped(request.json, CONVERSIONS)["conversions"])
            case "customers/1234567890:uploadConversionAdjustments":
                self.enhanced += shaped(request.json, ADJUSTMENTS)["conversionAdjustments"]
                return 200, self.partly({"results": [{} for _ in self.enhanced]})
            case "customers/1234567890/offlineUserDataJobs:create":
                shaped(request.json, JOB)
                self.job = []
                return 200, {"resourceName": JOB_NAME}
            case path if path == f"{JOB_NAME}:addOperations":
                self.job += shaped(request.json, OPERATIONS)["operations"]
                kinds = {next(iter(each)) for each in self.job}
                assert len(kinds) == 1, "a job adds or removes"
                return 200, self.partly({})
            case path if path == f"{JOB_NAME}:run":
                self.matched.append(self.job)
                return 200, {"name": "customers/1234567890/operations/1"}
        raise AssertionError(f"no such address: {request.path}")

    def upload(self, conversions):
        for at, each in enumerate(conversions):
            if each["orderId"] in self.orders:
                self.failures.append(
                    failure("conversions", at, "conversionUploadError", "DUPLICATE_ORDER_ID")
                )
            self.orders[each["orderId"]] = each
        return 200, self.partly({"results": [{} for _ in conversions]})

    def partly(self, answer):
        failures, self.failures = self.failures, []
        if not failures:
            return answer
        return {
            **answer,
            "partialFailureError": {"code": 3, "message": "some", "details": failures},
        }


def run(platform, *parcels, more="conversion: '98'\nlist: '47'\n"):
    with receiving(platform) as receiver:
        text = (
            "type: google-ads\ncustomer: '1234567890'\nclient: app\n"
            "secrets: {developer_token: '${env:DEV}', client_secret: '${env:CLIENT}',"
            " refresh_token: '${env:REFRESH}'}\n"
            f"url: {receiver.url}\ntoken_url: {receiver.url}/token\n{more}"
        )
        with opened(text, secrets=SECRETS) as destination:
            outcomes = destination.deliver(parcels)
    platform.require_sound()
    return outcomes


def order(key, **fields):
    return parcel("event", {"gclid": "g1", "value": 10.5, "currency": "EUR", **fields}, key=key)


def row(kind="upsert", **fields):
    return parcel(kind, fields, key=str(sorted(fields.items())))


def test_a_click_conversion_has_the_published_shape():
    platform = GoogleAds()
    assert statuses(run(platform, order("k1", order_id="o-1", email="a@x.example"))) == ["sent"]
    assert platform.orders["o-1"] == {
        "conversionAction": "customers/1234567890/conversionActions/98",
        "conversionDateTime": "2026-11-22 08:00:00+00:00", "gclid": "g1", "orderId": "o-1",
        "conversionValue": 10.5, "currencyCode": "EUR",
        "userIdentifiers": [{"hashedEmail": digest("a@x.example")}],
    }  # fmt: skip
    assert platform.grants == [
        {"grant_type": ["refresh_token"], "client_id": ["app"], "client_secret": ["cl1ent"],
         "refresh_token": ["refr3sh"]}
    ]  # fmt: skip


def test_without_an_order_id_the_effect_is_the_order():
    platform = GoogleAds()
    run(platform, order("k1"))
    assert list(platform.orders) == ["k1"]


def test_a_second_upload_counts_nothing_and_is_sent():
    platform = GoogleAds()
    run(platform, order("k1"))
    outcomes = run(platform, order("k1"))
    assert (outcomes[0].status, outcomes[0].reason) == ("sent", "it is there already")


def test_a_partial_failure_is_settled_record_by_record():
    platform = GoogleAds()
    platform.failures = [
        failure("conversions", 1, "conversionUploadError", "INVALID_CONVERSION_ACTION", "no such"),
        failure("conversions", 2, "conversionUploadError", "TOO_RECENT_CONVERSION_ACTION"),
    ]
    outcomes = run(platform, *[order(f"k{each}") for each in range(4)])
    assert statuses(outcomes) == ["sent", "dead", "retry", "sent"]
    assert outcomes[1].reason == "INVALID_CONVERSION_ACTION: no such"


def test_consents_go_along_when_they_are_mapped():
    platform = GoogleAds()
    run(
        platform,
        order("k1", ad_user_data=True, ad_personalization=False, time="2026-11-21T23:00:00+01:00"),
    )
    told = platform.orders["k1"]
    assert told["consent"] == {"adUserData": "GRANTED", "adPersonalization": "DENIED"}
    assert told["conversionDateTime"] == "2026-11-21 22:00:00+00:00"


def test_an_enhancement_adds_hashed_people_to_an_order():
    platform, more = GoogleAds(), "conversion: '98'\nupload: enhancements\n"
    told = parcel("event", {"order_id": "o-1", "email": "A.b@gmail.com", "user_agent": "UA"})
    lacking = parcel("event", {"order_id": "o-2"}, key="k2")
    assert statuses(run(platform, told, lacking, more=more)) == ["sent", "dead"]
    (enhanced,) = platform.enhanced
    assert enhanced["userIdentifiers"] == [{"hashedEmail": digest("ab@gmail.com")}]
    assert enhanced["userAgent"] == "UA"


def test_members_are_added_and_removed_each_in_a_job_that_runs():
    platform = GoogleAds()
    outcomes = run(
        platform,
        row(email="a@x.example", phone="+44 20 7946 0000"),
        row(first_name="Ann", last_name="Lee", country="GB", postal_code="M1 1AE"),
        row("remove", key="b@x.example"),
    )
    assert statuses(outcomes) == ["sent"] * 3
    added, removed = platform.matched
    assert added[0]["create"]["userIdentifiers"] == [
        {"hashedEmail": digest("a@x.example")}, {"hashedPhoneNumber": digest("+442079460000")},
    ]  # fmt: skip
    assert added[1]["create"]["userIdentifiers"][0]["addressInfo"]["countryCode"] == "GB"
    assert removed == [{"remove": {"userIdentifiers": [{"hashedEmail": digest("b@x.example")}]}}]


def test_a_row_without_a_person_is_known_by_its_key():
    platform = GoogleAds()
    run(platform, row(key="crm-17"))
    assert platform.matched == [[{"create": {"userIdentifiers": [{"thirdPartyUserId": "crm-17"}]}}]]


def test_a_key_by_which_a_row_could_not_be_taken_away_is_refused_when_it_is_added():
    (outcome,) = run(GoogleAds(), row(key="crm-17", email="a@x.example"))
    assert outcome.status == "dead"
    assert "taken away by its key" in outcome.reason


def test_members_of_a_job_are_settled_one_by_one():
    platform = GoogleAds()
    platform.failures = [
        failure("operations", 0, "offlineUserDataJobError", "INVALID_SHA256_FORMAT")
    ]
    assert statuses(run(platform, row(email="a@x.example"), row(email="b@x.example"))) == [
        "dead", "sent",
    ]  # fmt: skip


def test_nothing_plain_of_a_person_leaves():
    platform, seen = GoogleAds(), []
    told = row(email="hidden@x.example", phone="+442079460000", first_name="Ann", last_name="Lee",
               country="GB", postal_code="M1 1AE")  # fmt: skip

    def watched(request):
        seen.append(request.body)
        return platform(request)

    watched.require_sound = platform.require_sound
    run(watched, told)
    whole = b"".join(seen)
    assert not [
        each for each in (b"hidden", b"2079460000", b"Ann", b"ann", b"Lee") if each in whole
    ]


@pytest.mark.parametrize(
    ("status", "kind", "code", "outcome"),
    [(400, "databaseError", "CONCURRENT_MODIFICATION", "retry"),
     (429, "quotaError", "RESOURCE_EXHAUSTED", "retry"),
     (403, "authorizationError", "USER_PERMISSION_DENIED", "paused"),
     (400, "requestError", "UNKNOWN", "dead")],
)  # fmt: skip
def test_a_refused_request_is_settled_by_its_code(status, kind, code, outcome):
    platform = GoogleAds()
    error = {"code": status, "message": "m", "details": [failure("conversions", 0, kind, code)]}
    platform.refusals = [(200, {"access_token": "acc3ss"}), (status, {"error": error})]
    assert statuses(run(platform, order("k1"))) == [outcome]


def test_a_refresh_token_that_is_withdrawn_pauses():
    platform = GoogleAds()
    platform.refusals = [(400, {"error": "invalid_grant"})]
    assert statuses(run(platform, order("k1"))) == ["paused"]


def test_what_it_is_for_has_to_be_said():
    with pytest.raises(ProjectError, match="conversion"):
        run(GoogleAds(), more="")
    with pytest.raises(ProjectError, match="secret"):
        destined("type: google-ads\ncustomer: '1'\nclient: a\nlist: '1'\n"
                 "secrets: {developer_token: d, client_secret: c, refresh_token: r}\n")  # fmt: skip


def test_a_manager_is_named_when_access_comes_through_one():
    seen = []

    def answers(request):
        seen.append(request.headers.get("login-customer-id"))
        return 200, {"access_token": "acc3ss"}

    answers.require_sound = lambda: None
    run(answers, order("k1"), more="conversion: '98'\nlogin_customer: '555'\n")
    assert seen[-1] == "555"


@pytest.mark.parametrize(
    ("told", "more", "why"),
    [
        (order("k1"), "list: '47'\n", "names no conversion"),
        (row(email="a@x.example"), "conversion: '98'\n", "names no list"),
        (row(tier="gold"), "list: '47'\n", "to match by"),
        (parcel("event", {"value": 1}), "conversion: '98'\n", "to match by"),
    ],
)
def test_what_cannot_be_matched_or_goes_nowhere_is_dead(told, more, why):
    platform = GoogleAds()
    (outcome,) = run(platform, told, more=more)
    assert outcome.status == "dead"
    assert why in outcome.reason
    assert platform.calls == []


@pytest.mark.parametrize("refused", [1, 2, 3])
def test_a_job_that_is_refused_half_way_is_done_again(refused):
    """Made, filled, run: whichever fails, its members go again in a job of their own."""
    platform, whole = GoogleAds(), GoogleAds.__call__

    class Failing(GoogleAds):
        def __call__(self, request):
            if len(self.calls) == refused:
                self.calls.append(("refused", request.path))
                return 503, {}
            return whole(self, request)

    platform = Failing()
    assert statuses(run(platform, row(email="a@x.example"))) == ["retry"]
    assert platform.matched == []


def test_a_refusal_without_details_tells_its_message():
    platform = GoogleAds()
    error = {"code": 400, "message": "Request contains an invalid argument.", "status": "INVALID"}
    platform.refusals = [(200, {"access_token": "acc3ss"}), (400, {"error": error})]
    (outcome,) = run(platform, order("k1"))
    assert outcome.status == "dead"
    assert "invalid argument" in outcome.reason


@pytest.mark.parametrize(("purpose", "is_told"), [("purpose: ads_share\n", True), ("", False)])
def test_consent_is_claimed_for_members_only_where_it_was_asked_for(purpose, is_told):
    seen = []

    class Watching(GoogleAds):
        def answer(self, request):
            if request.path.endswith("offlineUserDataJobs:create"):
                seen.append(request.json["job"]["customerMatchUserListMetadata"])
            return super().answer(request)

    run(Watching(), row(email="a@x.example"), more=f"list: '47'\n{purpose}")
    assert ("consent" in seen[0]) == is_told
