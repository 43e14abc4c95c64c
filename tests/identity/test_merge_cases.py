"""Merge semantics of other systems: 25 recorded cases, by the adapter of identity section 7.

A value used as `id` is a user_id, used as `anon` an anonymous_id; an *identified* anon also has a
linked user_id of its own; the given order becomes rising `occurred_us`; a warning expected
elsewhere is our suppression reason. What we decide otherwise is in docs/reference/identity-cases.md.
"""

import json
from pathlib import Path

import pytest

from journeyfold.core.event import Event
from journeyfold.core.profile import Profile
from journeyfold.identity.rules import DEFAULT_RULES, IdentityRules, KindRule
from journeyfold.profile.traits import fold_traits, plain_traits
from journeyfold.testing.evidence import identifiers, resolved, sighting, suppressed

DAY_US = 86_400 * 1_000_000
WITH_IDFV = IdentityRules(kinds=(*DEFAULT_RULES.kinds, KindRule("idfv", "device")))
AS_THEY_STAND = (
    "ph-create", "ph-known-exists", "ph-source-identified", "ph-both-identified", "ph-nan-lower",
    "ph-self", "un-switch-existing", "seg-js-self-alias",
)  # fmt: skip
OTHERWISE = {"ph-both-unidentified", "ph-props", "sp-unique-conflict", "sp-ambiguous-device"}


@pytest.fixture(scope="module")
def cases(conformance):
    text = (conformance / "identity" / "merge-cases.json").read_text()
    return {case["id"]: case for case in json.loads(text)["cases"]}


def played(case, *, newer=()):
    """Records of a case: what is given first, each on its day, then its events."""
    records = []
    step = next(iter(case["events"][0].values())) if case["events"] else {}
    said = step if isinstance(step, dict) else {}
    anon = said.get("anon") if said.get("anon") != said.get("id") else None

    def add(*written, type_="identify"):
        records.append(sighting(len(records), *written, at_us=len(records) * DAY_US, type_=type_))

    for known in sorted(case["given"], key=lambda one: one.get("ids", [""])[0] in newer):
        for id_ in known.get("ids", []):
            own = f"user_id:own-{id_}"
            kind = "anonymous_id" if id_ == anon else "user_id"
            add(f"{kind}:{id_}", *([own] if known.get("identified") and id_ == anon else []))
    for event in case["events"]:
        match event:
            case {"identify": said}:
                add(f"user_id:{said['id']}", f"anonymous_id:{said['anon']}")
            case {"event": written}:
                add(*written, type_="track")
            case {"alias": said}:
                add(
                    f"user_id:{said['userId']}", f"anonymous_id:{said['previousId']}", type_="alias"
                )
    return resolved(records, WITH_IDFV)


def are_one(found, case):
    said = case["events"][0]["identify"]
    return found.person(f"user_id:{said['id']}") == found.person(f"anonymous_id:{said['anon']}")


def test_every_case_is_decided(cases):
    sorted_by_prefix = {id_ for id_ in cases if id_.startswith(("ph-illegal-", "sg-blocked-"))}
    assert set(cases) == sorted_by_prefix | set(AS_THEY_STAND) | OTHERWISE
    assert (len(cases), len(sorted_by_prefix)) == (25, 13)


def test_an_identify_of_two_unknown_values_makes_one_person(cases):
    assert are_one(played(cases["ph-create"]), cases["ph-create"])


def test_an_identify_with_a_known_user_makes_one_person(cases):
    case = cases["ph-known-exists"]
    found = played(case)
    assert are_one(found, case)
    assert len(found.people()) == 1


@pytest.mark.parametrize("id_", ["ph-source-identified", "ph-both-identified"])
def test_a_device_that_has_its_user_is_not_merged_into_another(cases, id_):
    found = played(cases[id_])
    assert not are_one(found, cases[id_])
    assert set(suppressed(found).values()) == {"limit user_id 2>1"}


def test_illegal_values_merge_nothing(cases):
    illegal = [case for id_, case in cases.items() if id_.startswith("ph-illegal-")]
    assert len(illegal) == 9
    assert [len(played(case).people()) for case in illegal] == [1] * 9


def test_nan_in_lower_case_is_legal(cases):
    assert are_one(played(cases["ph-nan-lower"]), cases["ph-nan-lower"])


@pytest.mark.parametrize("id_", ["ph-self", "seg-js-self-alias"])
def test_a_value_with_itself_is_no_evidence(cases, id_):
    found = played(cases[id_])
    assert len(found.people()) == 1
    assert found.changes == []
    assert not list(found.state.scan("id_link"))


def test_a_blocked_user_leaves_the_device_in_charge(cases):
    blocked = [case for id_, case in cases.items() if id_.startswith("sg-blocked-")]
    assert len(blocked) == 4
    for case in blocked:
        found = played(case)
        promoted = case["expect"]["promoted"][0]
        assert found.resolutions[-1].owner == found.node(promoted)


def test_a_login_on_a_shared_device_is_the_known_users(cases):
    """un-switch-existing: the merge identifier is the user."""
    assert cases["un-switch-existing"]["expect"] == {"event_person": "previous"}
    found = resolved(
        [
            sighting(0, "user_id:master", "anonymous_id:c1"),
            sighting(1, "user_id:event"),
            sighting(2, "user_id:event", "anonymous_id:c1"),
        ]
    )
    assert found.resolutions[2].person == found.person("user_id:event")
    assert found.person("user_id:event") != found.person("user_id:master")


# -- decided otherwise ----------------------------------------------------------------------------


def test_of_two_unidentified_people_the_earlier_id_survives(cases):
    """ph-both-unidentified: same merge and creation; they keep the id of the new one."""
    found = played(cases["ph-both-unidentified"], newer=("new",))
    assert are_one(found, cases["ph-both-unidentified"])
    assert found.person("user_id:new") == found.resolver.person_of(found.node("anonymous_id:old"))
    assert found.resolver.explain(found.person("user_id:new")).nodes[0].first_us == 0


def props_of(case, *, new_wrote_last):
    """Traits by time: `set_once` is read as a value said before everything else."""
    said = case["events"][0]["identify"]
    by_id = {one["ids"][0]: one["props"] for one in case["given"]}
    order = ["old", "new"] if new_wrote_last else ["new", "old"]
    profile = Profile("p")
    written = [(0, said["set_once"]), *((at, by_id[id_]) for at, id_ in enumerate(order, 1)), (3, said["set"])]  # fmt: skip
    for at_us, traits in written:
        event = Event(f"e{at_us}", "Identify", "identify", "shop", (), at_us, at_us, {}, traits)
        fold_traits(profile, event, "", {})
    return plain_traits(profile, {})


def test_time_decides_between_properties_not_the_target(cases):
    """ph-props: equal when `new` wrote later; otherwise the later `old` wins."""
    case = cases["ph-props"]
    assert props_of(case, new_wrote_last=True) == case["expect"]["props"]
    assert props_of(case, new_wrote_last=False) == case["expect"]["props"] | {"b": 2}


def test_a_conflict_of_users_leaves_the_device_with_the_first(cases):
    """sp-unique-conflict: no merge, as there; the device does not move to the new person."""
    assert cases["sp-unique-conflict"]["expect"]["merged"] is False
    found = resolved(
        [sighting(0, "idfv:i1", "user_id:alice"), sighting(1, "idfv:i1", "user_id:bob")], WITH_IDFV
    )
    assert found.person("user_id:alice") == found.person("idfv:i1") != found.person("user_id:bob")


def test_an_ambiguous_device_is_a_person_of_its_own_where_hub_is_1(cases):
    """sp-ambiguous-device holds with `hub: 1`."""
    assert cases["sp-ambiguous-device"]["expect"]["same_person_both_events"]
    rules = IdentityRules(
        kinds=(KindRule("user_id", "account", 1), KindRule("idfv", "device", hub=1))
    )
    found = resolved(
        [
            sighting(0, "idfv:i1", "user_id:alice"),
            sighting(1, "idfv:i1", "user_id:bob"),
            sighting(2, "idfv:i1"),
            sighting(3, "idfv:i1"),
        ],
        rules,
    )
    last = found.resolutions[-1].person
    assert last == found.resolutions[-2].person
    assert last not in {found.person("user_id:alice"), found.person("user_id:bob")}


def test_the_reference_page_lists_each_deviation():
    page = Path(__file__).parents[2] / "docs" / "reference" / "identity-cases.md"
    text = page.read_text()
    assert [id_ for id_ in sorted(OTHERWISE) if id_ not in text] == []


def test_identifiers_of_a_case_are_read_as_written():
    assert identifiers("idfv:i1")[0].kind == "idfv"
