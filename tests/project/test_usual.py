"""The function for the usual record does what the stages do, one after the other."""

import msgspec
import pytest
from house import COMPILED, START
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.event import Event, Record
from journeyfold.core.instant import DAY_US, HOUR_US, MINUTE_US
from journeyfold.core.profile import Profile
from journeyfold.project.compile import compile_project
from journeyfold.project.load import load
from journeyfold.project.people import encode_profile
from journeyfold.project.scaffold import template_files
from journeyfold.project.step import Step
from journeyfold.project.usual import fold_usual, is_usual

FORWARDING = """type: slack
secret: "${env:S}"
events:
  - {id: all, event: "*", where: event.source != "other"}
  - {id: orders, event: Order Completed, purpose: analytics, map: {total: properties.total}}
"""
SENDING = compile_project(load(template_files("shop") | {"destinations/channel.yaml": FORWARDING}))
OWNER = bytes(16)
NAMES = [
    "Page", "Product Viewed", "Cart Updated", "Checkout Started", "Order Completed",
    "Order Refunded", "Survey Answered", "Identify", "Offer Shown", "Offer Dismissed", "Unheard Of",
]  # fmt: skip
PROPERTIES = st.fixed_dictionaries({}, optional={
    "total": st.floats(0, 900), "price": st.floats(1, 300), "score": st.integers(0, 10),
    "category": st.sampled_from(["shoes", "hats", "bags", "kids"]), "sku": st.just("s1"),
    "offer": st.sampled_from(["newsletter", "vip-early-access"]), "placement": st.just("home-hero"),
})  # fmt: skip
CONTEXTS = st.sampled_from([
    {"auth": "browser"}, {"auth": "browser", "bot": True}, {"agent": {"bot": False}}, {},
])  # fmt: skip
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(NAMES), PROPERTIES, CONTEXTS,
        st.sampled_from(["shop_web", "shop_server", "other"]),
        st.sampled_from([0, MINUTE_US, HOUR_US, DAY_US, 40 * DAY_US]),  # until the next record
        st.sampled_from([0, 0, MINUTE_US, 3 * DAY_US, -HOUR_US]),  # how late it is
    ),
    max_size=25,
)  # fmt: skip


def records(told):
    now_us = START
    for number, (name, properties, context, source, wait_us, late_us) in enumerate(told):
        now_us += wait_us
        event = Event(
            id=f"e{number}", name=name, type="track", source=source, identifiers=(),
            occurred_us=now_us - late_us, received_us=now_us, properties=properties,
            context=context,
        )  # fmt: skip
        yield Record(number, now_us, "event", event)


@given(EVENTS)
def test_the_usual_record_is_folded_as_the_stages_fold_it(told):
    for compiled in (COMPILED, SENDING):
        agrees(compiled, told)


def agrees(compiled, told):
    one, other = Profile(person="p"), Profile(person="p")
    collecting = [compiled.aggregation]
    for record in records(told):
        assert is_usual(record.event)
        effects = fold_usual(record, one, OWNER, compiled, collecting)
        assert effects == Step(record, other, OWNER, (), compiled, collecting).fold()
        assert encode_profile(one) == encode_profile(other)


@pytest.mark.parametrize(
    "said",
    [
        {"traits": {"country": "DE"}}, {"context": {"unset": ["country"]}},
        {"context": {"gpc": True}}, {"name": "Consent Updated"},
        {"name": "segment.member_added", "source": "_api"},
    ],
)  # fmt: skip
def test_what_other_stages_concern_is_not_usual(said):
    (record,) = records([("Page", {}, {}, "shop_web", 0, 0)])
    assert not is_usual(msgspec.structs.replace(record.event, **said))
