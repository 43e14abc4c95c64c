import json
import re
from pathlib import Path

import msgspec
import pytest

from journeyfold.core.instant import instant_us
from journeyfold.sources.inventory import MAIL_PRESETS, Source
from journeyfold.sources.mapping import compile_mapping
from journeyfold.sources.presets import PRESETS, with_preset

ORDER = {
    "order_id": "string", "customer_id": "string", "ordered_at": "timestamp", "sku": "string",
    "name": "string", "quantity": "int", "unit_price": "float", "currency": "string",
}  # fmt: skip
LINE = ("o1", "c1", 5, "S1", "Shoe", 2, 10.5, "EUR")


def source(preset, **keys):
    base = {"source": "s", "kind": "import", "preset": preset, "read": {"csv": "x"}}
    return msgspec.convert(base | keys, Source)


def test_orders_makes_one_event_of_the_lines_of_an_order():
    outcome = compile_mapping(source("orders"), ORDER, "f", 1).map(2, [LINE, LINE])
    assert (outcome.event.name, outcome.event.properties["total"]) == ("Order Completed", 42.0)
    assert len(outcome.event.properties["products"]) == 2


def test_orders_below_zero_are_refunds_and_nobodys_orders_are_filtered():
    mapping = compile_mapping(source("orders"), ORDER, "f", 1)
    back, nobody = (*LINE[:5], -2, *LINE[6:]), ("o1", None, *LINE[2:])
    assert mapping.map(2, [back]).event.name == "Order Refunded"
    assert mapping.map(2, [nobody]).reason == "no_customer"


def test_what_the_file_says_wins_over_the_preset():
    given = source("orders", group=["invoice"])
    assert with_preset(given).group == ("invoice",)
    assert with_preset(given).map != ()


def test_contacts_are_identified_by_version():
    columns = {
        "contact_id": "string",
        "updated_at": "timestamp",
        "email": "string",
        "CITY": "string",
    }
    given = source("contacts", columns=[{"from": "CITY", "to": "traits.city"}])
    event = compile_mapping(given, columns, "f", 1).map(2, [("c9", 0, None, "Graz")]).event
    assert (event.id, event.type, event.traits) == (
        "c9/1970-01-01T00:00:00Z",
        "identify",
        {"city": "Graz"},
    )


def test_messages_of_the_wire_pass_through():
    given = source("wire", read={"ndjson": "x"})
    outcome = compile_mapping(given, {}, "f", 1).map(3, [({"type": "track"},)])
    assert (outcome.message, outcome.line) == ({"type": "track"}, 3)


@pytest.mark.parametrize(
    "keys", [{"read": {"csv": "x"}}, {"read": {"ndjson": "x"}, "group": ["a"]}]
)
def test_the_wire_is_neither_mapped_nor_read_from_a_table(keys):
    with pytest.raises(ValueError, match="preset: wire"):
        with_preset(source("wire", **keys))


PERSON = ("a@example.com", "Ann", "Lee", "+49301234567")
TABLES = {
    "hubspot_contacts": (
        "id,lastmodifieddate:timestamp,email,firstname,lastname,phone,lifecyclestage,country",
        ("7", 5, *PERSON, "lead", "DE"),
        "Identify",
        {"first_name": "Ann", "crm_stage": "lead"},
    ),
    "salesforce_contacts": (
        ("Id,SystemModstamp:timestamp,Email,FirstName,LastName,Phone,MailingCountry,AccountId,"
        "IsDeleted:bool"),
        ("7", 5, *PERSON, "DE", "A1", False),
        "Identify",
        {"last_name": "Lee", "account_id": "A1"},
    ),
    "tickets": (
        ("ticket_id,updated_at:timestamp,created_at:timestamp,status,requester_email,subject,"
        "channel,priority,satisfaction"),
        ("7", 5, 5, "open", "a@example.com", "Lost", "web", "high", None),
        "Ticket Opened",
        {"ticket_id": "7", "channel": "web"},
    ),
    "mentions": (
        ("mention_id,posted_at:timestamp,network,author_id,handle,text,url,likes:int,shares:int,"
        "followers:int,sentiment:float"),
        ("7", 5, "mastodon", "mastodon:Ann", "Ann", "Nice", "u", 2, 3, 40, 0.5),
        "Brand Mentioned",
        {"engagement": 5, "sentiment": 0.5, "author": {"handle": "Ann", "followers": 40}},
    ),
    "demographics": (
        "customer_id,as_of:timestamp,age_band,household_size:int,income_band,education,urbanicity",
        ("c1", 5, "30-39", 2, "mid", "degree", "city"),
        "Identify",
        {"age_band": "30-39", "household_size": 2},
    ),
    "intent": (
        "signal_id,observed_at:timestamp,email,topic,strength:int,provider",
        ("7", 5, "a@example.com", "shoes", 70, "acme"),
        "Intent Observed",
        {"topic": "shoes", "strength": 70},
    ),
    "situation": (
        "observation_id,observed_at:timestamp,customer_id,place,geocell,condition,temp_c:float",
        ("7", 5, "c1", "Graz", "u27", "rain", 4.5),
        "Situation Observed",
        {"weather": {"condition": "rain", "temp_c": 4.5}},
    ),
    "surveys": (
        "response_id,answered_at:timestamp,email,survey,kind,score:int,comment",
        ("7", 5, "a@example.com", "after", "NPS", 9, None),
        "Survey Answered",
        {"promoter": True, "detractor": False, "kind": "nps"},
    ),
    "reviews": (
        "review_id,written_at:timestamp,email,sku,rating:int,title,body",
        ("7", 5, "a@example.com", "S1", 5, "Good", "Yes"),
        "Product Reviewed",
        {"sku": "S1", "rating": 5},
    ),
}  # fmt: skip


def columns_of(text):
    pairs = (part.partition(":") for part in text.split(","))
    return {name: kind or "string" for name, _, kind in pairs}


@pytest.mark.parametrize("preset", TABLES)
def test_a_table_of_a_preset_becomes_its_event(preset):
    columns, row, name, told = TABLES[preset]
    outcome = compile_mapping(source(preset), columns_of(columns), "f", 1).map(2, [row])
    event = outcome.event
    assert event.name == name
    said = {**event.properties, **event.traits, **event.context}
    assert {key: said[key] for key in told} == told
    assert event.identifiers
    assert event.occurred_us == 5


@pytest.mark.parametrize(
    ("preset", "changed", "reason"),
    [
        ("salesforce_contacts", {"IsDeleted": True}, "deleted"),
        ("surveys", {"score": None}, "no_score"),
        ("surveys", {"score": 11}, "score_out_of_range"),
        ("surveys", {"kind": "CSAT", "score": 0}, "score_out_of_range"),
        ("reviews", {"rating": 6}, "rating_out_of_range"),
    ],
)
def test_a_row_that_cannot_be_is_left_out_with_its_reason(preset, changed, reason):
    text, row, _, _ = TABLES[preset]
    columns = columns_of(text)
    row = tuple(changed.get(name, value) for name, value in zip(columns, row, strict=True))
    assert compile_mapping(source(preset), columns, "f", 1).map(2, [row]).reason == reason


@pytest.mark.parametrize(
    ("changed", "name"),
    [({"status": "Solved"}, "Ticket Solved"), ({"updated_at": 9}, "Ticket Updated")],
)
def test_a_ticket_is_opened_updated_and_solved(changed, name):
    text, row, _, _ = TABLES["tickets"]
    columns = columns_of(text)
    row = tuple(changed.get(key, value) for key, value in zip(columns, row, strict=True))
    assert compile_mapping(source("tickets"), columns, "f", 1).map(2, [row]).event.name == name


def test_a_catalogue_lists_products_of_nobody():
    columns = columns_of(
        "sku,updated_at:timestamp,name,category,brand,price:float,currency,availability,url,image_url"
    )
    row = ("S1", 5, "Shoe", "shoes", "acme", 19.99, "EUR", "in stock", "u", "i")
    event = compile_mapping(source("products"), columns, "f", 1).map(2, [row]).event
    assert (event.name, event.identifiers, event.id) == (
        "Product Listed", (), "S1/1970-01-01T00:00:00.000005Z",
    )  # fmt: skip
    assert (event.properties["price"], event.properties["brand"]) == (19.99, "acme")


def test_a_mention_without_a_sentiment_is_scored_by_its_text():
    text, row, _, _ = TABLES["mentions"]
    columns = columns_of(text)
    changed = {"sentiment": None, "text": "Terrible and broken!"}
    row = tuple(changed.get(key, value) for key, value in zip(columns, row, strict=True))
    event = compile_mapping(source("mentions"), columns, "f", 1).map(2, [row]).event
    assert event.properties["sentiment"] < -0.5
    assert event.context["derived"] == {"sentiment": "journeyfold lexicon 1"}


def test_every_preset_is_documented():
    page = (Path(__file__).resolve().parents[2] / "docs/reference/presets.md").read_text()
    assert [name for name in PRESETS if f"`{name}`" not in page] == []


PAGE = (Path(__file__).resolve().parents[2] / "docs/reference/presets.md").read_text()
WORKED = re.findall(
    r"### (\w+)\n\n```csv\n([^\n]+)\n([^\n]+)\n```\n\n```json\n(.+?)\n```", PAGE, re.DOTALL
)
TYPES = {name: columns_of(text) for name, (text, *_) in TABLES.items()} | {
    "orders": ORDER,
    "contacts": columns_of("contact_id,updated_at:timestamp,email"),
    "products": columns_of("sku,updated_at:timestamp,price:float"),
}


def cell(text, kind):
    if text == "":
        return None
    read = {"int": int, "float": float, "bool": "true".__eq__, "timestamp": instant_us}
    return read.get(kind, str)(text)


def test_every_table_has_a_worked_example():
    assert {name for name, *_ in WORKED} == set(PRESETS) - {"wire"} - set(MAIL_PRESETS)


@pytest.mark.parametrize(
    ("preset", "head", "line", "told"), WORKED, ids=[each[0] for each in WORKED]
)
def test_a_worked_example_is_what_happens(preset, head, line, told):
    columns = {name: TYPES[preset].get(name, "string") for name in head.split(",")}
    row = tuple(cell(*pair) for pair in zip(line.split(","), columns.values(), strict=True))
    event = compile_mapping(source(preset), columns, "f", 1).map(2, [row]).event
    found = msgspec.to_builtins({
        "id": event.id, "name": event.name,
        "identifiers": {claim.kind: claim.value for claim in event.identifiers},
        "properties": event.properties, "traits": event.traits,
        "context": {key: value for key, value in event.context.items() if key != "auth"},
    })  # fmt: skip
    assert {key: value for key, value in found.items() if value or key == "identifiers"} == (
        json.loads(told)
    )
