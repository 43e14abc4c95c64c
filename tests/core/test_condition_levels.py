"""A category is read at a level of its tree; both evaluators agree (quality Q25)."""

import pytest

from journeyfold.core.aggregate_keys import keys_of
from journeyfold.core.condition import ConditionError
from journeyfold.core.condition_compile import compile_conditions
from journeyfold.core.condition_eval import evaluate
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import STRING, Scope, object_of
from journeyfold.core.condition_types import check
from journeyfold.core.profile import Profile, Trait
from journeyfold.segment.view import PersonView, Surroundings

TREE = {1: {"Wine": "Drinks", "Drinks": "Drinks"}, 2: {"Wine": "Wine"}}
SCOPE = Scope(
    traits=object_of({"likes": STRING, "plain": STRING}), levels={("traits", "likes"): TREE}
)


def both(text, likes):
    typed = check(parse(text), SCOPE)
    keys = keys_of([typed.expr])
    compiled = compile_conditions({"x": typed}, keys)
    traits = {} if likes is None else {"likes": Trait(likes, 1, "crm", "e1")}
    surroundings = Surroundings(
        keys=keys, trait=lambda profile, name: getattr(profile.traits.get(name), "value", None),
        consent=lambda _profile, _purpose: True, cuts={}, initial_stages={}, zone="UTC",
    )  # fmt: skip
    view = PersonView(Profile("p_a", traits=traits), surroundings, None)
    value = evaluate(typed, view, 0)[0]
    assert compiled.evaluate(view, 0)["x"][0] == value
    return value


@pytest.mark.parametrize(
    ("text", "likes", "holds"),
    [
        ('traits.likes.l1 == "Drinks"', "Wine", True),
        ('traits.likes.l1 == "Drinks"', "Drinks", True),
        ('traits.likes.l2 == "Wine"', "Drinks", False),
        ('traits.likes.l1 == "Drinks"', "bread", False),
        ('traits.likes.l1 == "Drinks"', None, False),
        ('traits.likes.l1 in ["Drinks", "Food"]', "Wine", True),
        ("traits.likes.l2 is None", "Drinks", True),
    ],
)
def test_a_value_is_read_at_a_level(text, likes, holds):
    assert both(text, likes) is holds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('traits.likes.l3 == "x"', "no level 3"),
        ('traits.plain.l1 == "x"', "traits.plain.l1 is not declared"),
        ("traits.likes.l1 > 3", "string against int"),
    ],
)
def test_a_level_that_is_not_there_is_an_error(text, says):
    with pytest.raises(ConditionError, match=says):
        check(parse(text), SCOPE)
