"""What was sent beside what cleaning made of it, and the counts (quality Q17, Q18)."""

from house import SHOP, House

from journeyfold.profile.traits import held_traits
from journeyfold.project.load import load
from journeyfold.runtime.cleaning import with_sent

SOURCE = "sources/shop_server.yaml"
STEPS = "clean: {traits.phone: [text, {phone: {region: DE}}], traits.address.country: country}\n"
CLEANED = load({**SHOP.files, SOURCE: SHOP.files[SOURCE] + STEPS})


def held(name, **traits):
    house = House(CLEANED)
    house.track("Identify", user="ann", traits=traits, type_="identify")
    found = held_traits(house.person("user_id", "ann"), {})[name]
    return with_sent(name, found, house.engine.compiled.cleaning, house.log)


def test_a_trait_tells_what_was_sent_and_who_cleaned_it():
    trait = held("phone", phone=" 030 901820")
    assert (trait.value, trait.sent) == ("+4930901820", " 030 901820")
    assert trait.cleaned_by == ("text", "phone")


def test_a_part_of_an_object_is_cleaned_and_told():
    trait = held("address", address={"city": "Kiel", "country": "Germany"})
    assert trait.value == {"city": "Kiel", "country": "DE"}
    assert trait.sent == {"city": "Kiel", "country": "Germany"}


def test_what_was_sent_as_it_should_be_says_nothing():
    trait = held("phone", phone="+4930901820")
    assert (trait.sent, trait.cleaned_by) == (None, ())
