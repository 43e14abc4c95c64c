"""Cleaning between the log and the fold: what was sent stays, what is known is clean (Q17, Q18)."""

import pytest
from house import KEY, SHOP, House, compile_texts, everything, fold_all

from journeyfold.adapters.memory import MemoryState
from journeyfold.core.instant import HOUR_US
from journeyfold.project.check import check
from journeyfold.project.cleaned import Tally, tallies
from journeyfold.project.engine import Engine
from journeyfold.project.load import load

SOURCE = "sources/shop_server.yaml"
PHONE = "clean: {traits.phone: {phone: {region: DE}}}\n"
LINES = """
clean:
  traits.phone: {phone: {region: DE}}
  traits.birth_date: {date: ["%d.%m.%Y"]}
  properties.products.category: {taxonomy: {terms: {wine: [Weine, vin]}}}
"""


def cleaning(text, files=SHOP.files):
    return load({**files, SOURCE: files[SOURCE] + text})


def identify(house, user="ann", **traits):
    house.now_us += HOUR_US
    house.track("Identify", user=user, traits=traits, type_="identify")


def publish(house, project):
    house.now_us += HOUR_US
    house.activate(project)


def value(house, trait, user="ann"):
    return house.person("user_id", user).traits[trait].value


def counted(house):
    with house.state.read() as reader:
        return tallies(reader)


def problems(text):
    return [f"{each.code} {each.message}; {each.suggestion}" for each in check(cleaning(text))]


def test_a_trait_is_known_clean_and_the_record_keeps_what_was_sent():
    house = House(cleaning(PHONE))
    identify(house, phone="030 901820")
    assert value(house, "phone") == "+4930901820"
    assert house.log.find("shop_server", "e1").event.traits == {"phone": "030 901820"}


def test_what_cannot_be_read_is_no_value_and_is_counted():
    house = House(cleaning(PHONE))
    for phone in ("030 901820", "030 901820", "+4930901820", "12"):
        identify(house, phone=phone)
    assert value(house, "phone") == "+4930901820"
    assert counted(house) == [Tally("shop_server", "traits.phone", "phone", 4, 2, 1)]


def test_what_fails_is_kept_where_the_step_says_so():
    house = House(cleaning("clean: {traits.phone: {phone: {region: DE, on_failed: keep}}}\n"))
    identify(house, phone="12")
    assert value(house, "phone") == "12"


def test_other_steps_repair_what_is_known_of_everybody():
    house = House()
    identify(house, phone="030 901820")
    identify(house, phone="12")
    publish(house, cleaning(PHONE))
    assert value(house, "phone") == "+4930901820"
    assert counted(house) == [Tally("shop_server", "traits.phone", "phone", 2, 1, 1)]
    publish(house, SHOP)
    assert (value(house, "phone"), counted(house)) == ("12", [])


FEATURE = '\n  wines: {value: \'count("Product Viewed", where=properties.category == "wine")\'}\n'
WINE = "clean: {properties.category: {taxonomy: {terms: {wine: [Weine]}}}}\n"


def wines(house):
    profile = house.person("user_id", "ann")
    return house.engine.compiled.feature_values(profile, house.now_us)["wines"]


def test_a_feature_counts_what_cleaning_made_of_history_and_of_what_comes():
    features = SHOP.files["features.yaml"].replace("features:", "features:" + FEATURE, 1)
    counting = {**SHOP.files, "features.yaml": features}
    house = House(load(counting))
    for _ in range(2):
        house.now_us += HOUR_US
        house.track("Product Viewed", {"category": "Weine"}, user="ann")
    assert wines(house) == 0
    publish(house, cleaning(WINE, counting))
    house.track("Product Viewed", {"category": "Weine"}, user="ann")
    assert wines(house) == 3


def lived():
    """Steps that change twice, over people who are linked and parted, with a feature in between."""
    house = House()
    house.track("Product Viewed", {"category": "Weine"}, anonymous="a1")
    identify(house, phone="030 901820", birth_date="03.04.1971")
    house.track("Identify", user="ann", anonymous="a1", type_="identify")
    publish(house, cleaning(LINES))
    identify(house, "bob", phone="12", birth_date="1980-02-01")
    house.track("Order Completed", {"order_id": "o1", "total": 9, "products": [
        {"sku": "s", "category": "Vin"}, {"sku": "t", "category": "tea"}]}, user="bob")  # fmt: skip
    house.verdict(verdict="link", a="user_id:ann", b="user_id:bob")
    publish(house, cleaning(PHONE))
    house.verdict(verdict="cannot_link", a="user_id:ann", b="user_id:bob")
    identify(house, phone="030 901821")
    return house


@pytest.mark.parametrize("batch", [1, 7, 256])
def test_a_rebuild_is_the_same_byte_for_byte_whatever_the_batches_were(batch):
    house = lived()
    assert everything(house.rebuilt(batch)) == everything(house.state)


def test_cleaned_anew_is_as_if_it_had_always_been_so():
    late, early = House(), House(cleaning(LINES))
    for house in (late, early):
        identify(house, phone="030 901820", birth_date="03.04.1971")
        identify(house, birth_date="1971")
        house.track("Product Viewed", {"category": "Weine"}, user="ann")
    publish(late, cleaning(LINES))
    one, other = (house.person("user_id", "ann") for house in (late, early))
    assert (one.traits, one.aggregates) == (other.traits, other.aggregates)
    assert counted(late) == counted(early)


def test_every_item_of_a_list_is_cleaned_and_the_record_is_not_touched():
    house = lived()
    steps = house.engine.compiled.cleaning.of
    assert "properties.products.category" not in steps["shop_server"].fields  # of the last version
    old = cleaning(LINES)
    sent = next(
        each.event for each in house.log.read(-1, 100) if each.event.name == "Order Completed"
    )
    made = compile_texts(old.files).cleaning.of["shop_server"].cleaned(sent)
    assert [each["category"] for each in made.properties["products"]] == ["wine", "tea"]
    assert [each["category"] for each in sent.properties["products"]] == ["Vin", "tea"]


def test_a_source_without_steps_hands_on_the_record_itself():
    house = House(cleaning(PHONE))
    house.track("Product Viewed", {"category": "Weine"}, user="ann")
    identify(house, phone="+4930901820")
    clean = house.engine.compiled.cleaning.cleaned
    assert all(clean(record) is record for record in house.log.read(-1, 100))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("clean: {traits.phone: phon}\n", "P190 there is no cleaner 'phon'; did you mean 'phone'?"),
        ("clean: {traits.phone: {phone: {regoin: DE}}}\n", "P190 phone: Object contains unknown"),
        ("clean: {phone: phone}\n", "P190 'phone' is no field that can be cleaned; write it as"),
        ("clean: {traits.phone: []}\n", "P190 steps are names of cleaners"),
        ("clean: {traits.phnoe: phone}\n", "P130 no schema declares 'traits.phnoe'; did you mean"),
    ],
)
def test_a_step_that_cannot_be_meant_is_one_sentence(text, says):
    found = problems(text)
    assert [each for each in found if each.startswith(says)], found


def test_a_column_of_an_import_is_cleaned_in_the_fold_too():
    text = "columns: [{from: P, to: traits.phone, clean: {phone: DE}}]\n"
    house = House(cleaning(text))
    identify(house, phone="030 901820")
    assert value(house, "phone") == "+4930901820"


def test_an_identifier_is_normalised_without_a_step():
    text = "columns: [{from: P, to: identifiers.phone, clean: {phone: DE}}]\n"
    assert any("identifiers are normalised" in each for each in problems(text))


def test_a_restart_goes_on_under_the_same_steps():
    house = lived()
    state, records = MemoryState(), house.log.read(-1, 1_000)
    for record in records:
        engine = Engine(house.log, KEY, compile_texts)  # a new process for every record
        with state.read() as reader:
            engine.open(reader)
        with state.write() as writer:
            engine.fold(writer, [record])
    assert fold_all(Engine(house.log, KEY, compile_texts), house.log, state) == []
    assert everything(state) == everything(house.state)


def test_a_phone_without_a_region_has_the_projects():
    assert SHOP.identity.region == "DE"
    house = House(cleaning("clean: {traits.phone: phone}\n"))
    identify(house, phone="030 901820")
    assert value(house, "phone") == "+4930901820"


NUMBER = 'clean: {traits.income: {number: "1.234,56"}}\n'
RICH = "\n  - {id: rich, when: 'traits.income > 1000'}\n"


def test_a_text_that_is_cleaned_to_a_number_is_compared_as_one():
    said = SHOP.files["schemas/identify.1.json"].replace(
        '"properties": {', '"properties": {\n    "income": {"type": "string"},', 1
    )
    file = "segments/shopping.yaml"
    segments = SHOP.files[file].replace("segments:", "segments:" + RICH, 1)
    files = {**SHOP.files, "schemas/identify.1.json": said, file: segments}
    project = cleaning(NUMBER, files)
    assert [each.message for each in check(project) if each.severity == "error"] == []
    house = House(project)
    identify(house, income="1.234,50")
    assert value(house, "income") == 1234.5
    assert "rich" in house.person("user_id", "ann").memberships
