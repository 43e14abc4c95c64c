"""SQL rule and compiled predicate agree on generated rows (quality section 7)."""

import duckdb
import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journeyfold.core.event import Event
from journeyfold.quality.columns import text_of
from journeyfold.quality.predicate import judged
from journeyfold.quality.rule import Rule, Ruleset
from journeyfold.quality.sql import scan_of

RULES = [
    {"completeness": "v"},
    *(
        {"valid": "v", "as": kind}
        for kind in ("email", "phone", "country", "currency", "url", "uuid", "iban", "date", "number")
    ),
    {"matches": {"column": "v", "pattern": "[a-z]+[0-9]?"}},
    {"in": {"column": "v", "values": ["a", "true", 1, 2.5, False]}},
    {"range": {"column": "v", "min": -1, "max": 10}},
    *({"type": {"column": "v", "is": kind}} for kind in ("number", "integer", "boolean", "date", "instant")),
]  # fmt: skip
SHAPED = st.sampled_from(
    ["", " ", "\t", "\n", "\u00a0", " a", "a@b.de", "a@b", "+4930123456", "DE", "EUR", "1e5", "1e999", "-0", ".5",
     "5.", "nan", "inf", "0x1f", "1_000", " 12 ", "12", "2.5", "2.50", "true", "TRUE", "2026-02-28", "2026-02-30",
     "2026-02-28T10:00:00Z", "2026-02-28 10:00", "2026-02-28T24:00:00Z", "2026-02-28T10:00:00.1234567Z",
     "2026-02-28T10:00+02:00", "DE89370400440532013000", "DE00370400440532013000", "http://x.y/z", "http://.x",
     "0000-01-01", "9999-12-31", "8b1f2f2e-0000-5000-8000-000000000001", "a1", "ab\n"]
)  # fmt: skip
VALUES = st.one_of(
    st.none(), SHAPED, st.text(max_size=12), st.booleans(), st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False), st.lists(st.integers(), max_size=2),
    st.dates().map(str), st.emails(),
)  # fmt: skip


def event(value):
    return Event("e", "Order", "track", "shop", (), 0, 0, properties={"v": value})


MADE = tuple(
    msgspec.convert({"id": f"r{at}", **rule}, Rule, strict=True) for at, rule in enumerate(RULES)
)
JUDGED = [judged(rule, {}) for rule in MADE]
SCAN = scan_of(Ruleset("d", MADE), "t", groups=("n",), order="n")
ENGINE = duckdb.connect()


@settings(deadline=None)
@example(values=["0000-01-01", "0001-01-01", "9999-12-31"])
@given(values=st.lists(VALUES, min_size=1, max_size=40))
def test_a_rule_means_the_same_at_the_door_and_in_a_scan(values):
    texts = [(n, text_of(value)) for n, value in enumerate(values)]
    ENGINE.execute("create or replace table t (n integer, v varchar)")
    ENGINE.executemany("insert into t values (?, ?)", texts)
    for row in ENGINE.execute(SCAN.sql).fetchall():
        seen = [each.breaks(event(values[row[0]])) for each in JUDGED]
        expected = [(0, 0) if breaks is None else (1, int(breaks)) for breaks in seen]
        assert [(n, bad) for _, n, bad in SCAN.counts(row)] == expected, texts[row[0]]
