"""The generated evaluator and the reference mean the same; neither is late (segments 9 a, c, d)."""

from __future__ import annotations

from random import Random

import duckdb
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.core.aggregate import NEVER
from journeyfold.core.aggregate_keys import keys_of
from journeyfold.core.condition_compile import compile_conditions, compile_filters, compile_rows
from journeyfold.core.condition_eval import evaluate
from journeyfold.core.condition_parse import parse
from journeyfold.core.condition_scope import (
    BOOL,
    FLOAT,
    INT,
    STRING,
    TIMESTAMP,
    Scope,
    list_of,
    object_of,
)
from journeyfold.core.condition_typed import (
    And,
    Comparison,
    Const,
    Figure,
    Member,
    Missing,
    Named,
    Negation,
    Or,
    Read,
    Sum,
)
from journeyfold.core.condition_types import check
from journeyfold.core.event import Event
from journeyfold.core.instant import DAY_US, HOUR_US, SECOND_US, rfc3339
from journeyfold.core.profile import Membership, Profile, Score, StageAt
from journeyfold.profile.aggregates import Aggregation
from journeyfold.quality.boosting import boosted
from journeyfold.quality.transform import Fitted, unfitted
from journeyfold.segment.bind import bind
from journeyfold.segment.definition import FeatureDefinition
from journeyfold.segment.view import PersonView, Surroundings

NOW = 1_750_000_000_000_000
SCOPE = Scope(
    traits=object_of(
        {
            "age": INT, "ltv": FLOAT, "country": STRING, "vip": BOOL, "born": TIMESTAMP,
            "tags": list_of(STRING), "address": object_of({"city": STRING}),
        }
    ),
    events={
        "Order": object_of({"total": FLOAT, "sku": STRING, "n": INT}),
        "View": object_of({"total": FLOAT, "sku": STRING, "n": INT}),
    },
    segments=frozenset({"vips", "press"}),
    lifecycles={"customer": ("New", "Active")},
    models=frozenset({"churn"}),
    purposes=frozenset({"email"}),
)  # fmt: skip
FEATURES = {
    "orders": FeatureDefinition(value='count("Order", within="7d")'),
    "spend": FeatureDefinition(value='sum("Order", "total")'),
    "quiet": FeatureDefinition(value='recency("Order")'),
    "r": FeatureDefinition(quintile="features.quiet", order="falling"),
    "m": FeatureDefinition(quintile="features.spend", cuts=(1, 5.5, 20, 100)),
    "rfm": FeatureDefinition(value="features.r * 10 + features.m"),
    "week": FeatureDefinition(
        value='sum("Order", "total", within="7d")', impute="mean", transform="zscore"
    ),
    "worth": FeatureDefinition(value="traits.ltv", impute="model", using=("orders", "week")),
    "step": FeatureDefinition(value="traits.age", transform="bucket", borders=(18, 30)),
    "land": FeatureDefinition(
        value="traits.country", impute="unknown", transform="onehot", categories=("DE",)
    ),
    "views": FeatureDefinition(recent="View", keep=3, fields=("sku", "total")),
}
FULL = msgspec.structs.replace(SCOPE, features=bind(FEATURES, (), (), SCOPE).scope.features)
LEARNT = boosted([(at % 5, at % 7) for at in range(60)], [at % 5 * 2.5 for at in range(60)])
FITS = {
    name: Fitted(FEATURES[name].plan, middle=2.0, spread=1.5, model=LEARNT)
    for name in ("week", "worth")
} | {name: unfitted(FEATURES[name].plan) for name in ("step", "land")}
WINDOWS = ("10s", "1h", "1d", "7d")
WIDTHS = (10 * SECOND_US, HOUR_US, DAY_US, 7 * DAY_US)


class Texts:
    """Random well-typed conditions as text. `plain` keeps to what SQL can say in one way."""

    def __init__(self, random: Random, *, plain: bool = False):
        self.random, self.plain = random, plain

    def pick(self, *choices):
        return self.random.choice(choices)

    def condition(self, depth: int = 3) -> str:
        if depth == 0 or self.random.random() < 0.25:
            return self.leaf()
        match self.pick("and", "or", "not", "and", "or"):
            case "not":
                return f"not ({self.condition(depth - 1)})"
            case word:
                several = [
                    f"({self.condition(depth - 1)})" for _ in range(self.random.randint(2, 3))
                ]
                return f" {word} ".join(several)

    def leaf(self) -> str:
        op = self.pick("==", "!=", "<", "<=", ">", ">=")
        common = [
            lambda: f"{self.number()} {op} {self.number_or_literal()}",
            lambda: f"{self.figure()} {op} {self.literal()}",
            lambda: f"{self.literal()} {op} {self.figure()}",
            lambda: f"{self.literal()} <= {self.number()} < {self.literal()}",
            lambda: f"traits.country {self.pick('==', '!=', '<', '>=')} {self.country()}",
            lambda: (
                f"traits.country {self.pick('in', 'not in')} [{self.country()}, {self.country()}]"
            ),
            lambda: f"traits.age {self.pick('in', 'not in')} [1, 18, 30]",
            lambda: f"{self.number()} is {self.pick('', 'not ')}None",
            lambda: self.pick("traits.vip", "exists(traits.age)", "traits.vip == True"),
            lambda: f"recency({self.event()}) {self.pick('<', '<=', '>', '>=')} {self.width()}",
            lambda: f"now - last({self.event()}{self.where()}) {op} {self.width()}",
            lambda: f"last({self.event()}{self.within()}) > first({self.event()})",
        ]
        if self.plain:
            return self.random.choice(common)()
        return self.random.choice([*common, *self.rich()])()

    def rich(self):
        return [
            lambda: self.pick('in_segment("vips")', 'consent("email")', 'stage() == "Active"'),
            lambda: f'score("churn") {self.pick("<", ">=")} 0.5',
            lambda: f"sequence([{self.event()}, step({self.event()}{self.where()})]"
            f"{self.within()}{self.pick('', f', since={self.width()}')})",
            lambda: self.pick(
                'starts_with(traits.country, "D")', 'like(traits.country, "?E*")',
                'lower(traits.country) == "de"', "length(traits.tags) > 1",
                'contains(traits.tags, "a")', "traits.country in traits.tags",
                'any(traits.tags, item == "a")', 'all(traits.tags, item != "b")',
                'any(features.views, item.total > 3 and now - item.occurred < "1d")',
                "sum(features.views, item.total) >= 5", 'traits.address.city == "Wien"',
            ),
            lambda: f"hour() {self.pick('<', '>=')} {self.random.randint(0, 23)}",
            lambda: f"weekday() == {self.random.randint(1, 7)}",
            lambda: self.pick(
                "month_day(traits.born) == month_day(now)", "hour(traits.born) > 3",
                'traits.born < "2000-01-01T00:00:00Z"', 'now - traits.born > "520w"',
                'now > traits.born + "3d"',
            ),
            lambda: f"features.{self.pick('r', 'm', 'rfm', 'orders', 'spend')} "
            f"{self.pick('<', '>=', '==')} {self.literal()}",
            lambda: f"features.quiet > {self.width()}",
            lambda: f"features.{self.pick('week', 'worth', 'step')}.prepared "
            f"{self.pick('<', '>=', '==')} {self.literal()}",
            lambda: f'features.land.prepared {self.pick("==", "!=")} "{self.pick("DE", "other")}"',
            lambda: f'share({self.event()}, by="sku", value="a"{self.within()}) >= 0.5',
            lambda: f'top({self.event()}, "sku"{self.within()}) == "a"',
        ]  # fmt: skip

    def number_or_literal(self) -> str:
        return self.pick(self.number(), self.literal())

    def number(self) -> str:
        left = self.pick("traits.age", "traits.ltv", self.figure())
        if self.random.random() < 0.2:
            return f"{left} {self.pick('+', '-', '*')} {self.literal()}"
        return left

    def figure(self) -> str:
        name = self.pick("count", "count", "sum", "avg", "min", "max", "distinct", "last", "first")
        prop = "" if name == "count" else ', "total"' if name != "distinct" else ', "sku"'
        return f"{name}({self.event()}{prop}{self.where()}{self.within()})"

    def event(self) -> str:
        return self.pick('"Order"', '"View"', '["Order", "View"]')

    def within(self) -> str:
        return self.pick("", *(f', within="{window}"' for window in WINDOWS))

    def where(self) -> str:
        return self.pick(
            "", "", "", ", where=properties.total > 2", ', where=properties.sku in ["a", "b"]',
            ", where=properties.n is not None and properties.total <= 10",
        )  # fmt: skip

    def literal(self) -> str:
        return self.pick("0", "1", "2", "3", "5", "-1", "2.5", "10.75")

    def country(self) -> str:
        return self.pick('"DE"', '"AT"', '"Öst"', '""')

    def width(self) -> str:
        return f'"{self.random.choice(WINDOWS)}"'


def random_events(random: Random, *, most: int = 12) -> list[Event]:
    """Events at and beside the edges of the windows, a quarter of the properties null."""

    def maybe(value):
        return value if random.random() > 0.25 else None

    made = []
    for index in range(random.randint(0, most)):
        edge = random.choice([0, *WIDTHS]) + random.choice([-SECOND_US, -1, 0, 1, SECOND_US])
        if random.random() < 0.3:
            edge = random.randint(0, 9 * DAY_US)
        properties = {
            "total": maybe(random.choice([0, 1, 2.5, 7, 10.75, -3, 0.1])),
            "sku": maybe(random.choice("abc")),
            "n": maybe(random.randint(0, 3)),
        }
        present = {k: v for k, v in properties.items() if v is not None or random.random() < 0.5}
        name = random.choice(["Order", "View"])
        at_us = NOW - edge
        made.append(Event(f"e{index:03}", name, "track", "shop", (), at_us, at_us, present))
    return made


def random_traits(random: Random) -> dict:
    choices = {
        "age": [1, 18, 29, 30, 2**53 + 1], "ltv": [0, 1.5, 2.0, 10.75, 2.0**53],
        "country": ["DE", "AT", "Öst", ""], "vip": [True, False],
        "born": ["1990-06-15T10:00:00Z", "2003-01-01T23:30:00-05:00", rfc3339(NOW - DAY_US)],
        "tags": [[], ["a"], ["a", "DE"], ["b", 3, None]], "address": [{"city": "Wien"}, {}, 3],
        "timezone": ["Europe/Vienna", "Asia/Kathmandu", "no/where"],
    }  # fmt: skip
    return {k: random.choice(v) for k, v in choices.items() if random.random() > 0.25}


class Person:
    def __init__(self, random: Random, keys, *, most: int = 12):
        self.events = random_events(random, most=most)
        self.traits = random_traits(random)
        self.profile = Profile(person="p_1")
        aggregation = Aggregation(keys)
        for event in self.events:
            aggregation.fold(self.profile, event)
        if random.random() < 0.5:
            self.profile.memberships["vips"] = Membership(NOW)
            self.profile.stages["customer"] = StageAt("Active", NOW)
            expires_us = random.choice([None, NOW, NOW + 5 * SECOND_US])
            self.profile.scores["churn"] = Score(random.random(), None, "1", NOW, expires_us)
        cuts = {"r": (HOUR_US, DAY_US, 3 * DAY_US, 7 * DAY_US)} if random.random() < 0.8 else {}
        consent = random.random() < 0.5
        self.view = PersonView(
            self.profile,
            Surroundings(
                keys,
                lambda _, name: self.traits.get(name),
                lambda *_: consent,
                cuts=cuts,
                fits=FITS if random.random() < 0.8 else {},
                initial_stages={"customer": "New"},
                zone="Europe/Berlin",
            ),
        )


def conditions(random: Random, count: int, *, plain: bool = False):
    made = {}
    while len(made) < count:
        text = Texts(random, plain=plain).condition()
        made[f"c{len(made)}"] = check(parse(text), FULL)
    return made, keys_of([typed.expr for typed in made.values()])


@given(st.integers(0, 2**32))
def test_the_generated_evaluator_equals_the_reference(seed):
    random = Random(seed)
    named, keys = conditions(random, 12)
    evaluator = compile_conditions(named, keys)
    for _ in range(8):
        person = Person(random, keys)
        now_us = NOW + random.choice([0, 0, 1, -1, SECOND_US])
        outcome = evaluator.evaluate(person.view, now_us)
        for name, typed in named.items():
            value, due, _reasons = evaluate(typed, person.view, now_us)
            assert outcome[name] == (value, due), typed.text
            assert due > now_us


@given(st.integers(0, 2**32))
def test_no_value_changes_before_the_instant_that_was_told(seed):
    random = Random(seed)
    named, keys = conditions(random, 6)
    evaluator = compile_conditions(named, keys)
    for _ in range(3):
        person = Person(random, keys)
        told = evaluator.evaluate(person.view, NOW)
        edges = {NOW + 1, NOW + SECOND_US, NOW + HOUR_US, NOW + DAY_US, NOW + 9 * DAY_US}
        for event in person.events:
            for width in (0, *WIDTHS):
                edges |= {event.occurred_us + width + d for d in (-1, 0, 1)}
        for now_us in sorted(edge for edge in edges if edge > NOW):
            later = evaluator.evaluate(person.view, now_us)
            for name, (value, due) in told.items():
                if now_us < due:
                    assert later[name][0] == value, (named[name].text, now_us - NOW)


@given(st.integers(0, 2**32))
def test_a_subset_of_conditions_gives_the_values_of_all(seed):
    random = Random(seed)
    named, keys = conditions(random, 8)
    evaluator = compile_conditions(named, keys)
    person = Person(random, keys)
    every = evaluator.evaluate(person.view, NOW)
    some = random.sample(sorted(named), 3)
    assert evaluator.evaluate(person.view, NOW, some) == {name: every[name] for name in some}


# --- the same in SQL ----------------------------------------------------------------------------


def sql(expr) -> str:
    """The condition as DuckDB would be asked, over `p` (one row a person) and `events`."""
    match expr:
        case And(of=of):
            return "(" + " AND ".join(map(sql, of)) + ")"
        case Or(of=of):
            return "(" + " OR ".join(map(sql, of)) + ")"
        case Negation(of=of):
            return f"(NOT {sql(of)})"
        case Comparison(op=op, left=left, right=right):
            return f"({sql(left)} {'=' if op == '==' else op} {sql(right)})"
        case Member(value=value, items=Const(value=items), negated=negated):
            held = ", ".join(literal(item) for item in items)
            return f"({sql(value)} {'NOT ' if negated else ''}IN ({held}))"
        case Missing(of=of, negated=negated):
            return f"({sql(of)} IS {'NOT ' if negated else ''}NULL)"
        case Sum(op=op, left=left, right=right):
            return f"({sql(left)} {op} {sql(right)})"
        case Read(root="traits", keys=(name,)):
            return f"p.{name}"
        case Read(root="properties", keys=(name,)):
            return f"e.{name}"
        case Const(value=value):
            return literal(value)
        case Named(of=of):
            return sql(of)
        case Figure():
            return figure(expr)
        case _:
            return str(NOW)  # now


def literal(value) -> str:
    return "'" + value + "'" if isinstance(value, str) else f"{value!r}"


def figure(expr: Figure) -> str:
    column = "e." + expr.spec.path[0] if expr.spec.path else "e.us"
    micros = f"{column}::DECIMAL(18,6)"
    value = {
        "count": "count(*)",
        "sum": f"coalesce(sum({micros}), 0)::DOUBLE",
        "avg": f"(sum({micros})::DOUBLE / count({column}))",
        "min": f"min({column})",
        "max": f"max({column})",
        "distinct": f"count(DISTINCT {column})",
        "first": f"arg_min({column}, (e.us, e.id)) FILTER ({column} IS NOT NULL)",
        "last": f"arg_max({column}, (e.us, e.id)) FILTER ({column} IS NOT NULL)",
        "recency": f"{NOW} - max(e.us)",
    }[expr.read]
    tests = ["e.person = p.person", f"e.name IN ({', '.join(map(literal, expr.spec.events))})"]
    if expr.within_us is not None:
        tests.append(f"e.us > {NOW - expr.within_us} AND e.us <= {NOW}")
    if expr.spec.where is not None:
        tests.append(sql(expr.spec.where))
    return f"(SELECT {value} FROM events e WHERE {' AND '.join(tests)})"


@given(st.integers(0, 2**32))
def test_the_evaluators_equal_sql(seed):
    random = Random(seed)
    named, keys = conditions(random, 6, plain=True)
    evaluator = compile_conditions(named, keys)
    people = [Person(random, keys) for _ in range(10)]
    for person in people:  # SQL compares these as doubles, we exactly: a test of its own
        person.traits.pop("age", None) if person.traits.get("age", 0) > 2**53 else None
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE p (person INT, age BIGINT, ltv DOUBLE, country VARCHAR, vip BOOLEAN);"
        "CREATE TABLE events (person INT, id VARCHAR, name VARCHAR, us BIGINT,"
        " total DOUBLE, sku VARCHAR, n BIGINT)"
    )
    for number, person in enumerate(people):
        row = [person.traits.get(name) for name in ("age", "ltv", "country", "vip")]
        database.execute("INSERT INTO p VALUES (?, ?, ?, ?, ?)", [number, *row])
        for e in person.events:
            row = [e.properties.get(name) for name in ("total", "sku", "n")]
            values = [number, e.id, e.name, e.occurred_us, *row]
            database.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    for name, typed in named.items():
        query = f"SELECT coalesce({sql(typed.expr)}, false) FROM p ORDER BY person"
        expected = [row[0] for row in database.execute(query).fetchall()]
        found = [evaluator.evaluate(person.view, NOW, [name])[name][0] for person in people]
        assert found == expected, typed.text
    database.close()


# --- one fact at a time -------------------------------------------------------------------------


def value_of(text: str, traits: dict | None = None, events=(), now_us: int = NOW):
    typed = check(parse(text), FULL)
    keys = keys_of([typed.expr])
    person = Person(Random(0), keys, most=0)
    person.traits = traits or {}
    aggregation = Aggregation(keys)
    for event in events:
        aggregation.fold(person.profile, event)
    value, due, reasons = evaluate(typed, person.view, now_us)
    compiled = compile_conditions({"x": typed}, keys).evaluate(person.view, now_us)["x"]
    assert compiled == (value, due)
    return value, due, reasons


def order(at_us: int, name: str = "e1", **properties) -> Event:
    return Event(name, "Order", "track", "shop", (), at_us, at_us, properties)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("traits.vip or exists(traits.age) or traits.age is None", True),
        ("traits.vip and traits.age == 1", False),
        ("not traits.vip", False),
        ("traits.age in [1, 2]", False),
        ("traits.age not in [1, 2]", False),
        ("traits.age is None", True),
        ("not exists(traits.age)", True),
        ('count("Order") == 0', True),
        ('sum("Order", "total") == 0', True),
        ('avg("Order", "total") is None', True),
        ('recency("Order") is None', True),
        ('recency("Order") > "1d"', False),
        ('any(traits.tags, item == "a") is None', True),
    ],
)
def test_null_is_neither_true_nor_false(text, expected):
    assert value_of(text)[0] is expected


def test_int_and_float_compare_exactly():
    assert value_of("traits.age == traits.ltv", {"age": 2**53 + 1, "ltv": 2.0**53})[0] is False


def test_a_point_exactly_as_old_as_the_window_is_out():
    events = [order(NOW - DAY_US)]
    assert value_of('count("Order", within="1d") >= 1', events=events)[:2] == (False, NEVER)


def test_a_future_event_is_out_until_its_instant():
    events = [order(NOW + 5)]
    found = value_of('count("Order", within="1d") >= 1', events=events)[:2]
    assert found == (False, NOW + 5)


def test_a_count_moves_when_the_point_that_matters_leaves():
    events = [order(NOW - hours * HOUR_US, f"e{hours}") for hours in (1, 2, 3, 4)]
    assert value_of('count("Order", within="1d") >= 3', events=events)[:2] == (
        True,
        NOW - 3 * HOUR_US + DAY_US,
    )


def test_recency_flips_one_microsecond_after_the_border_or_at_it():
    events = [order(NOW - HOUR_US)]
    last = NOW - HOUR_US
    assert value_of('recency("Order") > "1d"', events=events)[1] == last + DAY_US + 1
    assert value_of('recency("Order") >= "1d"', events=events)[1] == last + DAY_US


def test_a_false_and_waits_for_its_last_false_operand():
    events = [order(NOW - HOUR_US)]
    text = 'recency("Order") > "1d" and recency("Order") > "7d"'
    assert value_of(text, events=events)[1] == NOW - HOUR_US + 7 * DAY_US + 1
    assert value_of('traits.vip and recency("Order") > "7d"', {"vip": False}, events)[1] == NEVER


def test_reasons_name_the_leaves_that_decided():
    text = 'traits.country == "DE" and traits.age >= 18 and count("Order") >= 1'
    _, _, reasons = value_of(text, {"country": "AT", "age": 20})
    found = [(r.text, r.value, [(o.text, o.value) for o in r.operands]) for r in reasons]
    assert found == [
        ('traits.country == "DE"', False, [("traits.country", "AT")]),
        ('count("Order") >= 1', False, [('count("Order")', 0)]),
    ]


def test_a_value_of_another_type_is_null_and_never_an_exception():
    for value in ("x", 1, 1.5, True, [], {}, None, [{}], float("inf")):
        traits = dict.fromkeys(("age", "ltv", "country", "vip", "born", "tags", "address"), value)
        for text in (
            "traits.age > 1", "traits.ltv > 1", 'traits.country > "a"', "traits.vip",
            'traits.born < "2000-01-01T00:00:00Z"', 'contains(traits.tags, "a")',
            'traits.address.city == "a"', 'any(traits.tags, starts_with(item, "a"))',
            "month_day(traits.born) == month_day(now)",
        ):  # fmt: skip
            value_of(text, traits)


def test_local_time_turns_at_the_local_hour():
    value, due, _ = value_of("hour() >= 17", {"timezone": "Asia/Kathmandu"})
    assert value is True  # 15:06:40 UTC is 20:51:40 in Kathmandu, five hours and 45 minutes on
    assert due == NOW + 8 * 60 * SECOND_US + 20 * SECOND_US


def test_an_hour_that_the_clocks_skip_is_told_in_time():
    before = 1_711_846_799_000_000  # 2024-03-31T00:59:59Z, one second before 03:00 in Vienna
    traits = {"timezone": "Europe/Vienna"}
    assert value_of("hour() == 1", traits, now_us=before)[:2] == (True, before + SECOND_US)


def test_where_filters_read_the_event_alone():
    scope = SCOPE
    typed = check(parse('count("Order", where=event.source == "shop" and hour(event.occurred) >= 0'
                        ' and as_int(event.context.k) == 3)'
                        " >= 1"), scope)  # fmt: skip
    assert isinstance(typed.expr, Comparison)
    assert isinstance(typed.expr.left, Figure)
    holds = compile_filters([typed.expr.left.spec.where])[0]
    event = Event("1", "Order", "track", "shop", (), NOW, NOW, {}, {}, {"k": "3"})
    assert holds(event) is True
    assert holds(Event("1", "Order", "track", "web", (), NOW, NOW)) is False


def test_a_mapping_reads_rows_of_one_group():
    row = object_of({"quantity": INT, "unit_price": FLOAT, "at": TIMESTAMP, "no": STRING})
    scope = Scope(place="mapping", row=row)
    rows = [
        {"quantity": 6, "unit_price": 2.55, "at": 5},
        {"quantity": 1, "unit_price": 0.1, "at": 3},
    ]
    for text, expected in (
        ("sum(rows, item.quantity * item.unit_price)", 15.4),
        ("min(rows, item.at)", 3),
        ("row.no", None),
        ('starts_with(row.no, "C")', False),
    ):
        typed = check(parse(text), scope, None)
        assert compile_rows(typed)(rows[0], rows) == expected


def test_no_text_of_a_user_becomes_source():
    hostile = "traits.country == \"\\\"); __import__('os').system('x') #\" and traits.age == 1"
    assert value_of(hostile, {"country": "x", "age": 1})[0] is False


def test_paths_lead_to_the_conditions_that_read_them():
    named = {
        "a": check(parse('count("Order", within="1d") >= 1 and traits.age > 3'), SCOPE),
        "b": check(parse('consent("email") or score("churn") > 0.5'), SCOPE),
        "c": check(parse("features.rfm >= 11"), FULL),
    }
    evaluator = compile_conditions(named, keys_of(t.expr for t in named.values()))
    found = {
        path: [n for i, n in enumerate(evaluator.names) if mask >> i & 1]
        for path, mask in evaluator.paths.items()
    }
    assert found == {
        "event:Order": ["a", "c"],
        "trait:age": ["a"],
        "clock": ["a", "b", "c"],
        "consent:email": ["b"],
        "score:churn": ["b"],
        "cuts:r": ["c"],
        "cuts:m": ["c"],
    }
