import msgspec
import pytest

from journeyfold.identity.linkage import Agreement, Bands, Linkage, agreement, weight_of

SAID = {
    "block_on": [["surname"]],
    "compare": {"given_name+surname": "names", "birth_date": "date"},
    "prior": {"rules": [["email"]]},
    "train_on": [["birth_date"]],
}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("surname", Agreement("surname")),
        ("surname[:4]", Agreement("surname", 0, 4)),
        ("email[1:4]", Agreement("email", 1, 4)),
        ("phone[3:]", Agreement("phone", 3, 0)),
        ("given_name=surname", Agreement("given_name", other="surname")),
        ("birth_date~1", Agreement("birth_date", edits=1)),
    ],
)
def test_what_a_pair_has_in_common_is_one_text(text, meant):
    assert agreement(text) == meant


@pytest.mark.parametrize("text", ["", "Surname", "a b", "a[4:2]", "a~9", "a=", "a[:2]~1", "a;--"])
def test_anything_else_is_refused_with_the_forms_there_are(text):
    with pytest.raises(ValueError, match=r"write|surname"):
        agreement(text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"block_on": [["SURNAME"]]}, "nothing a pair can have in common"),
        ({"block_on": [[]]}, "a rule is empty"),
        ({"compare": {"surname": "names"}}, "names are of two columns"),
        ({"compare": {"a+b": "date"}}, "names are of two columns"),
        ({"compare": {"surname": {"edits": [2, 1]}}}, "edits: rise"),
        ({"compare": {"surname": {"tf": True}}}, "says a measure or edits"),
        ({"compare": {"surname": {"measure": "text", "whole": "name"}}}, "belongs to names"),
        ({"bands": {"review_from": 0.9, "auto_from": 0.8}}, "below review_from"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(change, says):
    with pytest.raises(msgspec.ValidationError, match=says):
        msgspec.convert({**SAID, **change}, Linkage)


def test_the_columns_are_all_that_is_ever_looked_at():
    settings = msgspec.convert(SAID, Linkage)
    assert settings.columns == ("birth_date", "email", "given_name", "surname")


def test_nothing_is_linked_by_itself_unless_a_project_says_so():
    assert [Bands().band(each) for each in (0.4, 0.5, 0.999999)] == ["drop", "review", "review"]
    assert Bands(auto_from=0.99).band(0.99) == "auto"


def test_a_weight_is_the_logarithm_of_the_odds():
    assert weight_of(0.5) == 0
    assert round(weight_of(0.99), 2) == 6.63
