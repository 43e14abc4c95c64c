"""A shop's offers and a person to decide for, written as users write them."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace

import msgspec
import pytest

from journeyfold.core.decision import PlacementDecision
from journeyfold.core.instant import instant_us
from journeyfold.core.profile import Profile
from journeyfold.decide.call import Answer, Asked, Question
from journeyfold.decide.catalogue import Catalogue
from journeyfold.decide.decide import decide
from journeyfold.decide.definition import ContactPolicy, Offer, Placement

NOW_US = instant_us("2026-11-22T12:00:00Z")
KEY = b"k" * 32


class Someone:
    """A person known in full; `refused` are purposes they denied."""

    def __init__(self, profile=None, refused=(), traits=None):
        self.profile = profile
        self.refused = set(refused)
        self.traits = traits or {}

    def consents(self, purpose):
        return purpose not in self.refused

    def plain_values(self):
        return {"traits": self.traits, "features": {}}


class Conditions:
    """Conditions that fail are named by their id; every other one holds."""

    def __init__(self, failing=()):
        self.failing = dict.fromkeys(failing) if not isinstance(failing, Mapping) else failing
        self.asked = []

    def holds(self, condition):
        self.asked.append(condition)
        return condition not in self.failing

    def because(self, condition):
        return f"leaf of {condition}", self.failing[condition]


def offer(name, **keys):
    return msgspec.convert({"offer": name, "category": "hero", **keys}, Offer)


def placement(name="home", **keys):
    keys.setdefault("offers", {"categories": ["hero"]})
    keys.setdefault("rank", {"policy": "fixed"})
    return msgspec.convert({"placement": name, **keys}, Placement)


def catalogue(offers, placements, *, templates=None, contact=None):
    return Catalogue(
        offers,
        placements,
        templates=templates or {},
        version="c3f1a0b9",
        locale="en",
        contact=msgspec.convert(contact or {}, ContactPolicy),
    )


def answer(
    shop: Catalogue, person=None, conditions=None, *, questions=("home",), decision_id="d1", **keys
) -> Answer:
    asked = Asked(
        decision_id=decision_id,
        questions=tuple(
            each if isinstance(each, Question) else Question(each) for each in questions
        ),
        unit=keys.pop("unit", "p_1"),
        now_us=keys.pop("now_us", NOW_US),
        profile_offset=7,
        receipt_key=KEY,
        **keys,
    )
    return decide(asked, person or Someone(Profile("p_1")), conditions or Conditions(), shop)


def only(answered: Answer) -> PlacementDecision:
    (placed,) = answered.decision.placements
    return placed


def codes(placed: PlacementDecision) -> dict[str, str]:
    return {each.offer: each.code for each in placed.reasons}


@pytest.fixture
def shop() -> SimpleNamespace:
    """The words these tests are written in."""
    made: dict[str, Callable[..., object]] = {
        "offer": offer,
        "placement": placement,
        "catalogue": catalogue,
        "answer": answer,
        "only": only,
        "codes": codes,
        "person": Someone,
        "conditions": Conditions,
    }
    return SimpleNamespace(now_us=NOW_US, key=KEY, **made)
