"""identity.yaml as a value: what is wrong is said when it is read."""

import msgspec
import pytest

from journeyfold.identity.rules import DEFAULT_RULES, IdentityRules, KindRule, Limit


def read(**written):
    return msgspec.convert(written, IdentityRules)


def test_the_defaults_are_those_of_the_design():
    assert [kind.name for kind in DEFAULT_RULES.kinds] == [
        "user_id", "customer_id", "email", "phone",
        "ios.idfa", "android.idfa", "push_token", "anonymous_id",
    ]  # fmt: skip
    assert DEFAULT_RULES.by_name["user_id"].bound == Limit(ever=1)
    assert DEFAULT_RULES.by_name["anonymous_id"].bound == Limit(count=5, within="7d")
    assert DEFAULT_RULES.by_name["email"].bound.within_us == 365 * 86_400 * 1_000_000


def test_the_example_of_the_design_can_be_read():
    rules = read(
        region="DE",
        kinds=[
            {"name": "user_id", "class": "account", "limit": 1},
            {"name": "email", "limit": {"count": 5, "within": "365d"}, "plus_tag": "keep"},
            {"name": "loyalty_card", "class": "contact", "pattern": "[0-9]{10}", "limit": 2},
            {"name": "anonymous_id", "class": "device", "hub": 50},
        ],
        blocked=[{"kind": "email", "pattern": "^(info|office)@"}],
        client_may=["anonymous_id", "user_id"],
    )
    assert rules.by_name["loyalty_card"].bound == Limit(ever=2)
    assert rules.by_name["anonymous_id"].bound == Limit(count=5, within="7d")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"kinds": []}, "at least one"),
        ({"kinds": [{"name": "a"}, {"name": "a"}]}, "stands twice"),
        ({"kinds": [{"name": "a", "limit": 0}]}, "at least 1"),
        ({"kinds": [{"name": "a", "limit": {"count": 0, "within": "1d"}}]}, "at least 1"),
        ({"kinds": [{"name": "a", "limit": {"count": 2}}]}, "go together"),
        ({"kinds": [{"name": "a", "limit": {}}]}, "says nothing"),
        ({"kinds": [{"name": "a", "limit": {"count": 2, "within": "soon"}}]}, "no duration"),
        ({"kinds": [{"name": "a", "hub": 0}]}, "hub"),
        ({"kinds": [{"name": "Ä"}]}, "letters"),
        ({"kinds": [{"name": "a", "pattern": "(x"}]}, "bad pattern"),
        ({"kinds": [{"name": "a", "patern": "x"}]}, "patern"),
        ({"blocked": [{"kind": "email", "pattern": "(?=x)"}]}, "bad pattern"),
        ({"blocked": [{"kind": "mail", "pattern": "x"}]}, "unknown kind 'mail'"),
        ({"client_may": ["mail"]}, "unknown kind 'mail'"),
        ({"region": "Germany"}, "two capital letters"),
        ({"max_nodes": 0}, "at least 1"),
    ],
)
def test_what_is_wrong_is_said(written, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        read(**written)


def test_a_limit_may_be_ever_and_within_a_window():
    kind = KindRule("a", limit=Limit(count=2, within="1d", ever=9))
    assert (kind.bound.count, kind.bound.ever) == (2, 9)
