"""Incremental equals full, and waking at each told instant equals looking every second."""

from __future__ import annotations

from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.aggregate_keys import keys_of
from journeyfold.core.condition_scope import BOOL, FLOAT, STRING, Scope, object_of
from journeyfold.core.event import Event
from journeyfold.core.instant import SECOND_US
from journeyfold.core.profile import Profile, Score
from journeyfold.profile.aggregates import Aggregation
from journeyfold.segment.bind import bind
from journeyfold.segment.definition import SegmentsFile
from journeyfold.segment.membership import Segmentation
from journeyfold.segment.view import PersonView, Surroundings

START = 1_750_000_000_000_000
SCOPE = Scope(
    traits=object_of({"country": STRING, "vip": BOOL}),
    events={"A": object_of({"x": FLOAT}), "B": object_of({"x": FLOAT})},
    models=frozenset({"churn"}),
    purposes=frozenset({"email"}),
)
WHENS = [
    'count("A", within="10s") >= 2',
    'count("A", within="20s") == 1 or traits.country == "DE"',
    'recency("B") > "7s" and count("B") >= 1',
    'sum("A", "x", within="15s") > 5 and not in_segment("s0")',
    'sequence(["A", "B"], within="5s", since="9s")',
    'consent("email") and (traits.vip or recency("A") <= "4s")',
    'score("churn") > 0.5',
    'last("A", "x", within="8s") > 2 or in_segment("s3")',
    'count(["A", "B"], where=properties.x > 2, within="6s") == 0',
    'stage() == "Warm"',
    'traits.country in ["DE", "AT"] and count("B", within="12s") < 2',
]
FILE = msgspec.convert(
    {
        "segments": [
            {"id": f"s{i}", "when": text, "min_stay": "3s" if i == 4 else "0s"}
            for i, text in enumerate(WHENS)
        ],
        "lifecycles": [
            {
                "id": "life",
                "initial": "Cold",
                "stages": [
                    {"stage": "Hot", "when": 'count("A", within="10s") >= 3', "from": ["Warm"]},
                    {"stage": "Warm", "when": 'count("A", within="10s") >= 1', "from": ["Cold"]},
                    {"stage": "Cold", "when": 'count("A", within="10s") == 0'},
                ],
            }
        ],
    },
    SegmentsFile,
)
BOUND = bind({}, FILE.segments, FILE.lifecycles, SCOPE)
KEYS = keys_of(BOUND.exprs())
RULES = Segmentation(BOUND, FILE.segments, FILE.lifecycles, KEYS)
AGGREGATION = Aggregation(KEYS)


class Person:
    def __init__(self):
        self.profile = Profile(person="p")
        self.traits, self.consents = {}, set()
        self.view = PersonView(
            self.profile,
            Surroundings(
                KEYS,
                lambda _, name: self.traits.get(name),
                lambda _, purpose: purpose in self.consents,
                initial_stages={"life": "Cold"},
            ),
        )
        self.emits = []

    def apply(self, at_us: int, change: tuple, *, full: bool = False):
        kind, value = change
        if kind == "event":
            AGGREGATION.fold(self.profile, value)
            touched = (f"event:{value.name}",)
        elif kind == "trait":
            self.traits[value[0]] = value[1]
            touched = (f"trait:{value[0]}",)
        elif kind == "score":
            self.profile.scores["churn"] = value
            touched = ("score:churn",)
        else:
            self.consents ^= {"email"}
            touched = ("consent:email",)
        self.emits += RULES.evaluate_person(
            self.profile, self.view, at_us, None if full else touched
        )


def history(random: Random) -> list[tuple[int, tuple]]:
    at_us, made = START, []
    for number in range(random.randint(1, 14)):
        at_us += random.choice([0, 1, SECOND_US, 3 * SECOND_US, 10 * SECOND_US])
        kind = random.choice(["event", "event", "event", "trait", "score", "consent"])
        value = {
            "event": Event(
                f"e{number}", random.choice("AB"), "track", "s", (),
                at_us - random.choice([0, 0, 0, SECOND_US, -SECOND_US]), at_us,
                {"x": random.choice([1, 3, None])},
            ),
            "trait": random.choice([("country", "DE"), ("country", "FR"), ("vip", True)]),
            "score": Score(random.random(), None, "1", at_us, at_us + 4 * SECOND_US),
            "consent": None,
        }[kind]  # fmt: skip
        made.append((at_us, (kind, value)))
    return made


@given(st.integers(0, 2**32))
def test_evaluating_what_a_record_reaches_equals_evaluating_all(seed):
    changes = history(Random(seed))
    some, every = Person(), Person()
    for at_us, change in changes:
        for person in (some, every):
            person.emits += RULES.advance(person.profile, person.view, at_us)
        some.apply(at_us, change)
        every.apply(at_us, change, full=True)
        assert some.profile.memberships == every.profile.memberships
        assert some.profile.stages == every.profile.stages
    for person in (some, every):
        person.emits += RULES.advance(person.profile, person.view, START + 10**10)
    assert some.emits == every.emits


@given(st.integers(0, 2**32))
def test_waking_when_told_equals_looking_every_microsecond_that_could_matter(seed):
    changes = history(Random(seed))
    woken, watched = Person(), Person()
    moments = {
        at_us + s * SECOND_US + d for at_us, _ in changes for s in range(25) for d in (-1, 0, 1)
    }
    at_index = 0
    for now_us in sorted(moments | {at_us for at_us, _ in changes}):
        due = []
        while at_index < len(changes) and changes[at_index][0] == now_us:
            due.append(changes[at_index])
            at_index += 1
        woken.emits += RULES.advance(woken.profile, woken.view, now_us)
        for at_us, change in due:
            woken.apply(at_us, change)
            watched.apply(at_us, change)
        if watched.profile.clock_us:
            watched.emits += RULES.evaluate_person(
                watched.profile, watched.view, now_us, None, "time"
            )
    woken.emits += RULES.advance(woken.profile, woken.view, max(moments) + 1)
    assert [(e.key, e.at_us) for e in woken.emits] == [(e.key, e.at_us) for e in watched.emits]


RULES_FOR_NEW = Segmentation(BOUND, FILE.segments, FILE.lifecycles, KEYS)
RULES_FOR_NEW.meet_nobody(Person().view)


@given(st.randoms(use_true_random=False))
def test_a_new_person_asked_only_what_they_can_answer_is_as_one_asked_everything(random):
    asked, everything = Person(), Person()
    at_us, (kind, value) = history(random)[0]
    everything.apply(at_us, (kind, value))
    touched = {"event": f"event:{getattr(value, 'name', '')}", "score": "score:churn"}
    path = touched.get(kind, "consent:email" if kind == "consent" else "")
    if kind == "event":
        AGGREGATION.fold(asked.profile, value)
    elif kind == "trait":
        asked.traits[value[0]], path = value[1], f"trait:{value[0]}"
    elif kind == "score":
        asked.profile.scores["churn"] = value
    else:
        asked.consents ^= {"email"}
    emits = RULES_FOR_NEW.evaluate_person(asked.profile, asked.view, at_us, (path,), is_new=True)
    assert (asked.profile, emits) == (everything.profile, everything.emits)
