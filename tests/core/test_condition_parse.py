"""The parser takes the language and nothing else, and says where it stopped."""

from __future__ import annotations

import time
import warnings
from contextlib import suppress

import msgspec
import pytest

from journeyfold.core.condition import ConditionError, Constant, Place, to_json, to_text
from journeyfold.core.condition_parse import parse, read_json

CANONICAL = [
    'count("Order Completed", within="30d") >= 3 and traits.country in ["DE", "AT"]',
    '18 <= traits.age <= 30 and traits.city_size == "large"',
    'features.shoe_lover >= 0.4 or contains(traits.interests, "running")',
    'not in_segment("vip") and not (traits.a or traits.b)',
    "(traits.a or traits.b) and (traits.c and traits.d)",
    'sequence(["A", step("B", where=properties.x == 1), ["C", "D"]], within="1h", since="7d")',
    'share("Viewed", by="category", value="shoes", within="90d") > -0.5',
    'any(properties.products, item.sku == "X")',
    "sum(rows, item.quantity * item.unit_price) - 3 * (row.a + row.b)",
    'traits["größe"] is not None and traits["class"] is None',
    "traits.a not in [1, -2.5, 3] or traits.b in traits.c",
    'last("A", "x", where=event.name == "A") == "q\\"\\\\\\n"',
    'now - last("A") > "3d" and now + "1d" > traits.born',
    'stage() == "Active" or stage("customer") == "Active"',
    "traits.x == True",
    "(1 < traits.a) == traits.b",
    "traits.a - (traits.b - traits.c) > 1e+20",
]


@pytest.mark.parametrize("text", CANONICAL)
def test_text_to_tree_to_text_is_the_identity(text):
    assert to_text(parse(text).node) == text


@pytest.mark.parametrize("text", CANONICAL)
def test_tree_to_json_to_tree_is_the_identity(text):
    node = parse(text).node
    sent = msgspec.json.decode(msgspec.json.encode(to_json(node)))
    assert read_json(sent).node == node


def test_spacing_and_quotes_are_not_meaning():
    a = parse("  traits.a=='x'\n  and(traits.b)>1 ").node
    assert to_text(a) == 'traits.a == "x" and traits.b > 1'


def test_a_middle_of_a_chain_is_there_once():
    node = to_json(parse("1 <= traits.x < 3").node)
    assert node["then"] == [{"op": "<", "right": {"node": "literal", "type": "int", "value": 3}}]


REFUSED = [
    ("traits.x == None", "J111", "is None"),
    ("traits.x == true", "J112", "True"),
    ("null", "J112", "None"),
    ('count("A", within="30 days") > 1', "J120", "30d"),
    ('count("A", within="1M") > 1', "J120", "s, m, h, d or w"),
    ('count("A", within="0d") > 1', "J120", ""),
    ("(" * 5000, "J101", ""),
    ("[" * 5000, "J101", ""),
    ("(" * 31 + "x" + ")" * 31, "J101", "30"),
    ("traits.a == \0", "J101", "not text"),
    ('traits.a == "\0"', "J101", "not text"),
    ('traits.a == "\\u0000"', "J101", "not text"),
    ('traits.a == "\\ud800"', "J101", "not text"),
    ("traits.a == \ud800", "J101", "not text"),
    ("x" * 1_000_000, "J101", "8192"),
    ("ö" * 5000, "J101", "8192"),
    ("", "J102", "empty"),
    ("traits.a ==", "J102", ""),
    ("traits.a = 1", "J102", ""),
    ("1or traits.a", "J102", "runs into"),
    ("0x1f > traits.a", "J102", ""),
    ('"\\d" == traits.a', "J102", "escape"),
    ('"abc', "J102", "end"),
    ("traits.a == '''x'''", "J103", ""),
    ('traits.a in ["DE" "AT"]', "J103", "comma"),
    ('traits.a == r"x"', "J103", "prefix"),
    ('traits.a == f"{x}"', "J103", "prefix"),
    ("lambda: 1", "J103", ""),
    ("[x for x in traits.a]", "J103", "comprehension"),
    ("traits.a if traits.b else 1", "J103", ""),
    ("(traits.a := 1)", "J103", ""),
    ("traits.a[1:2]", "J103", ""),
    ("traits.a[0] == 1", "J103", ""),
    ("traits.a / 2 > 1", "J103", ""),
    ("traits.a // 2 > 1", "J103", ""),
    ("traits.a ** 2 > 1", "J103", ""),
    ("traits.a % 2 > 1", "J103", ""),
    ("traits.a @ 2 > 1", "J103", ""),
    ("~traits.a > 1", "J103", ""),
    ("+1 > traits.a", "J103", ""),
    ("-traits.a > 1", "J103", ""),
    ("traits.größe > 1", "J103", '["größe"]'),
    ("traits.ﬁ > 1", "J103", ""),
    ("traits.a # comment", "J103", ""),
    ("traits.a is 1", "J103", "=="),
    ("traits.a < 1 in [True]", "J103", ""),
    ("count(*traits)", "J106", ""),
    ("await traits.a", "J103", ""),
    ("traits.a.b()", "J105", ""),
    ("cuont('A') > 1", "J105", "count"),
    ("count(traits.a) > 1", "J106", ""),
    ("count() > 1", "J106", "event"),
    ('count("A", "B") > 1', "J106", ""),
    ('count("A", within="1d", within="2d") > 1', "J106", ""),
    ('count("A", whithin="1d") > 1', "J106", ""),
    ("sequence([]) ", "J106", ""),
    ("traits.a in [1, None]", "J111", ""),
    ("traits.a in [" + "1," * 1001 + "]", "J107", "manual"),
    (" and ".join(["traits.a"] * 600), "J107", "500"),
    (" and ".join(['count("A") > 1'] * 65), "J107", "64"),
    ("traits.a > 9223372036854775808", "J113", ""),
    ("traits.a > 1e999", "J113", ""),
    ("not " * 2000 + "traits.a", "J101", ""),
    ("-" * 8000 + "1", "J101", ""),
    ("1+" * 4000 + "1", "J101", ""),
    ("traits" + ".a" * 3000, "J101", ""),
    ("a" + "9" * 8000, "", ""),
    ("9" * 8000 + " > traits.a", "J113", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "part"), REFUSED, ids=[r[0][:40] for r in REFUSED])
def test_what_is_not_the_language_is_one_error_with_its_code(text, code, part):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if not code:
            parse(text)
            return
        with pytest.raises(ConditionError) as caught:
            parse(text)
    (problem,) = caught.value.problems
    assert problem.code == code, str(problem)
    assert part in str(problem)


@pytest.mark.parametrize(
    ("text", "way_out"),
    [
        ('traits.a = "x"', "write =="),
        ("traits.a && traits.b", "write and"),
        ("traits.a || traits.b", "write or"),
        ("!traits.a", "write not"),
        ("traits.a > 1 AND traits.b", "write and"),
        ('traits.a in ("x", "y")', "write a list: […]"),
        ("-traits.a > 3", "write 0 - …"),
    ],
)
def test_what_other_languages_write_gets_our_word_for_it(text, way_out):
    with pytest.raises(ConditionError) as caught:
        parse(text)
    assert caught.value.problems[0].suggestion == way_out


@pytest.mark.parametrize("text", ["(" * 10_000, "traits.a == \0", "x" * 1_000_000])
def test_a_hostile_text_is_refused_within_milliseconds(text):
    spent = []
    for _ in range(3):
        start = time.perf_counter()
        with pytest.raises(ConditionError):
            parse(text)
        spent.append(time.perf_counter() - start)
    assert min(spent) < 0.005


def test_a_problem_stands_at_its_character_in_its_file():
    with pytest.raises(ConditionError) as caught:
        parse('traits["größe"] == 1 and\n  traits.b == None', Place("segments/vip.yaml", 4, 12))
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.column) == ("segments/vip.yaml", 5, 15)
    assert problem.text == "  traits.b == None"


def test_columns_count_characters_not_bytes():
    with pytest.raises(ConditionError) as caught:
        parse('traits.a == "äöü" and traits.b == None')
    assert caught.value.problems[0].column == 35


def test_the_naughty_strings_never_crash_the_parser(conformance):
    naughty = msgspec.json.decode((conformance / "security" / "blns.json").read_bytes())
    for string in naughty:
        for text in (string, f'traits.a == "{string}"'):
            with suppress(ConditionError):
                parse(text)


def test_every_naughty_string_survives_as_a_literal(conformance):
    naughty = msgspec.json.decode((conformance / "security" / "blns.json").read_bytes())
    for string in naughty:
        text = to_text(Constant("string", string))
        if "\0" in string:
            continue
        assert parse(text).node == Constant("string", string)


def test_the_json_suite_never_crashes_the_reader(conformance):
    files = sorted((conformance / "json" / "test_parsing").iterdir())
    assert files
    for file in files:
        raw = file.read_bytes()
        text = raw.decode("utf-8", "surrogateescape")
        for read in (lambda text=text: parse(text), lambda raw=raw: _read(raw)):
            with suppress(ConditionError):
                read()


def _read(raw: bytes):
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return read_json(value)


@pytest.mark.parametrize(
    "tree",
    [
        None, [], {}, {"node": "x"}, {"node": "literal", "type": "int", "value": "1"},
        {"node": "path", "root": "__import__('os')", "path": []},
        {"node": "path", "root": "traits.a or traits", "path": ["b"]},
        {"node": "call", "name": "open", "args": {}},
        {"node": "call", "name": "count", "args": {}},
        {"node": "call", "name": "count", "args": {"event": ["A"], "surprise": "x"}},
        {"node": "call", "name": "count", "args": {"event": "A"}},
        {"node": "all", "of": []},
        {"node": "compare", "op": "**", "left": 1, "right": 2},
        {"node": "literal", "type": "string", "value": "\ud800"},
        {"node": "literal", "type": "float", "value": float("inf")},
    ],
)  # fmt: skip
def test_a_tree_that_says_nothing_is_refused(tree):
    with pytest.raises(ConditionError):
        read_json(tree)


def test_a_tree_deeper_than_the_limit_is_refused():
    tree: dict = {"node": "path", "root": "traits", "path": ["a"]}
    for _ in range(400):
        tree = {"node": "not", "of": tree}
    with pytest.raises(ConditionError):
        read_json(tree)
