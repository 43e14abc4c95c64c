"""Statements, registers and what they permit (trust PRV-1 to PRV-4; identity M5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.event import Event, Record
from journeyfold.core.profile import Profile
from journeyfold.privacy.consent import (
    ConsentDefaults,
    PrivacySettings,
    PurposeRule,
    basis_grants,
    decode_registers,
    effective,
    effective_of,
    encode_registers,
    fold_basis,
    fold_consent,
    is_granted,
    joined,
    merge_consents,
    region_of,
    statements,
)
from journeyfold.sources.inventory import Source

DEVICE, USER = b"d" * 16, b"u" * 16


def updated(at_us, event_id="", gpc=None, despite=False, **purposes):
    said = {"purposes": purposes} | ({"despite_signal": True} if despite else {})
    context = {} if gpc is None else {"gpc": gpc}
    id_ = event_id or f"e{at_us}"
    return Event(id_, "Consent Updated", "track", "web", (), at_us, 1_000, said, {}, context)


def seen(at_us, **context):
    return Event(f"s{at_us}", "Seen", "track", "web", (), at_us, 1_000, {}, {}, context)


def folded(*events, nodes=(DEVICE,)):
    profile = Profile("p")
    for offset, event in enumerate(events):
        fold_consent(profile, Record(offset, offset, "event", event), nodes)
    return profile


def states(event):
    return {purpose: one.state for purpose, one in statements(event).items()}


def test_a_statement_may_be_written_as_a_word_or_a_bool():
    said = states(updated(1, analytics="granted", marketing=True, ads_share=False))
    assert said == {"analytics": "granted", "marketing": "granted", "ads_share": "denied"}


def test_what_is_neither_granted_nor_denied_says_nothing():
    assert states(updated(1, analytics="maybe", marketing=1, functional=None)) == {}


def test_the_context_of_any_event_may_state_consent():
    assert states(seen(1, consent={"categoryPreferences": {"analytics": False}})) == {
        "analytics": "denied"
    }


def test_necessary_is_not_to_be_denied():
    assert states(updated(1, necessary=False)) == {}


def test_a_statement_of_the_future_counts_from_its_receipt():
    assert statements(updated(5_000, analytics=True))["analytics"].occurred_us == 1_000


def test_the_version_of_the_text_is_kept():
    event = seen(1, consent={"purposes": {"analytics": True}, "policy_version": "2026-01"})
    assert statements(event)["analytics"].policy_version == "2026-01"


def test_the_latest_statement_of_a_node_stands():
    profile = folded(updated(2, analytics=False), updated(1, analytics=True))
    assert effective(profile, "analytics") == "denied"


def test_one_node_that_denied_restricts_the_person():
    profile = folded(updated(1, analytics=False), nodes=[DEVICE])
    fold_consent(profile, Record(1, 1, "event", updated(2, analytics=True)), [USER])
    assert effective(profile, "analytics") == "denied"


def test_nodes_without_a_statement_take_no_part():
    profile = folded(updated(1, analytics=True))
    profile.consents[USER.hex()] = {}
    assert effective(profile, "analytics") == "granted"


def test_nothing_said_is_unset():
    assert effective(Profile("p"), "analytics") == "unset"


@pytest.mark.parametrize("value", [False, 1, "1", "true", None])
def test_only_exactly_true_is_the_signal(value):
    assert states(seen(1, gpc=value)) == {}


def test_the_signal_denies_sharing_for_advertising_only():
    profile = folded(seen(1, gpc=True))
    found = [effective(profile, purpose) for purpose in ("ads_share", "analytics")]
    assert found == ["denied", "unset"]


def test_a_later_grant_does_not_lift_the_signal():
    profile = folded(seen(1, gpc=True), updated(2, ads_share=True))
    assert effective(profile, "ads_share") == "denied"


def test_a_newer_grant_despite_the_signal_lifts_it():
    profile = folded(seen(1, gpc=True), updated(2, ads_share=True, despite=True))
    assert effective(profile, "ads_share") == "granted"


def test_the_signal_seen_again_denies_again():
    profile = folded(updated(2, ads_share=True, despite=True), seen(3, gpc=True))
    assert effective(profile, "ads_share") == "denied"


def test_a_grant_despite_the_signal_of_the_same_request_counts():
    assert effective(folded(updated(2, gpc=True, ads_share=True, despite=True)), "ads_share") == (
        "granted"
    )


def test_the_default_in_the_eu_and_where_unknown_denies_all_but_necessary():
    settings = PrivacySettings()
    found = [
        settings.default(purpose, country)
        for country in ("DE", "GB", None)
        for purpose in ("analytics", "necessary")
    ]
    assert found == ["denied", "granted"] * 3


def test_the_default_in_the_us_allows():
    assert PrivacySettings().default("analytics", "us") == "granted"


def test_defaults_can_be_set():
    settings = PrivacySettings(defaults=ConsentDefaults(unknown="allow"))
    assert settings.default("analytics", "BR") == "granted"


def test_a_purpose_with_another_basis_is_granted_by_default():
    settings = PrivacySettings(purposes={"loyalty": PurposeRule("contract")})
    assert settings.default("loyalty", "DE") == "granted"
    assert "loyalty" in settings.known


def test_the_regions():
    assert [region_of(code) for code in ("no", "US", "BR", None)] == [
        "eu",
        "us",
        "unknown",
        "unknown",
    ]


CONTRACT = Source(kind="server", source="shop", basis="contract", purposes=("personalization",))


def test_a_source_under_contract_grants_its_purposes_by_default():
    profile = Profile("p")
    fold_basis(profile, USER, basis_grants(CONTRACT))
    found = [
        is_granted(profile, purpose, PrivacySettings(), "DE")
        for purpose in ("personalization", "analytics")
    ]
    assert found == [True, False]


def test_a_denial_wins_over_the_basis_of_a_source_in_any_order():
    one = folded(updated(1, personalization=False), nodes=[USER])
    fold_basis(one, USER, basis_grants(CONTRACT))
    other = Profile("p")
    fold_basis(other, USER, basis_grants(CONTRACT))
    fold_consent(other, Record(0, 0, "event", updated(1, personalization=False)), [USER])
    assert one.consents == other.consents
    assert effective(one, "personalization") == "denied"


def test_grants_of_a_basis_are_noted_once():
    profile = Profile("p")
    assert [fold_basis(profile, USER, basis_grants(CONTRACT)) for _ in range(2)] == [True, False]


def test_a_source_of_consent_grants_nothing():
    assert basis_grants(Source(kind="browser", purposes=("analytics",))) == {}


def test_a_register_holds_a_bounded_number_of_own_purposes():
    said = statements(updated(1, marketing=False, **{f"p{n:03}": True for n in range(300)}))
    register = joined({}, said)
    assert len(register) == 101
    assert register["marketing"].state == "denied"


def test_registers_survive_the_doors_store():
    register = statements(updated(1, gpc=True, analytics=True))
    assert decode_registers(encode_registers(register)) == register


rows = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from([DEVICE, USER]),
        st.sampled_from(["analytics", "ads_share"]),
        st.booleans(),
        st.sampled_from([None, True]),
        st.booleans(),
    ),
    max_size=8,
)


def all_of(rows):
    profile = Profile("p")
    for number, (at, node, purpose, value, gpc, despite) in rows:
        event = updated(at, f"e{number}", gpc, despite, **{purpose: value})
        fold_consent(profile, Record(number, number, "event", event), [node])
    return profile


@given(rows, st.randoms(use_true_random=False), st.integers(0, 8))
def test_merging_parts_equals_folding_all_in_any_order(rows, random, cut):
    numbered = list(enumerate(rows))
    whole = all_of(numbered).consents
    random.shuffle(numbered)
    assert merge_consents(all_of(numbered[:cut]).consents, all_of(numbered[cut:]).consents) == whole


@given(rows, rows)
def test_no_merge_permits_more_than_its_parts(mine, theirs):
    """identity property 21."""
    a, b = all_of(list(enumerate(mine))), all_of(list(enumerate(theirs, start=100)))
    both = merge_consents(
        {"a" + node: register for node, register in a.consents.items()},
        {"b" + node: register for node, register in b.consents.items()},
    )
    for purpose in ("analytics", "ads_share"):
        parts = {effective(a, purpose), effective(b, purpose)}
        found = effective_of(both.values(), purpose)
        assert found == (
            "denied" if "denied" in parts else "granted" if "granted" in parts else "unset"
        )
