"""Values of PostgreSQL as JSON (collect C46)."""

import pytest

from journeyfold.collect.pg_text import family_of, value_of
from journeyfold.sources.local_time import Zone

BERLIN = Zone("Europe/Berlin")


@pytest.mark.parametrize(
    ("oid", "text", "value"),
    [
        (16, "t", True),
        (16, "f", False),
        (23, "-42", -42),
        (20, "9223372036854775807", 2**63 - 1),
        (1700, "1.50", 1.5),
        (1700, "12", 12),
        (1700, "99999999999999999999", "99999999999999999999"),
        (1700, "NaN", None),
        (701, "Infinity", None),
        (701, "1e+20", 1e20),
        (25, "{a}", "{a}"),
        (2950, "0e37df36-f698-11e6-8dd4-cb9ced3df976", "0e37df36-f698-11e6-8dd4-cb9ced3df976"),
        (3802, '{"a": [1, null]}', {"a": [1, None]}),
        (114, "{torn", "{torn"),
        (1184, "2026-11-22 14:25:19.616786+00", "2026-11-22T14:25:19.616786Z"),
        (1184, "2026-11-22 14:25:19+05:30", "2026-11-22T08:55:19Z"),
        (1184, "infinity", None),
        (1184, "0044-03-15 12:00:00+00 BC", None),
        (1114, "2026-07-01 12:00:00", "2026-07-01T10:00:00Z"),
        (1082, "2026-07-01", "2026-07-01"),
        (1009, '{a,"b c","say \\"hi\\"",NULL,"NULL",""}', ["a", "b c", 'say "hi"', None, "NULL", ""]),
        (1007, "{{1,2},{3,4}}", [[1, 2], [3, 4]]),
        (1007, "{}", []),
        (1007, "{1,2", "{1,2"),
        (1007, "[0:1]={1,2}", "[0:1]={1,2}"),
        (99999, "whatever", "whatever"),
    ],
)  # fmt: skip
def test_a_value_of_the_type_is_what_json_has_for_it(oid, text, value):
    found = value_of(text, oid, BERLIN)
    assert (type(found), found) == (type(value), value)


def test_types_that_mean_the_same_to_a_mapping_are_one_family():
    assert family_of(21) == family_of(20) == family_of(1700) == "number"
    assert family_of(25) == family_of(1043) == "text"
    assert family_of(1114) == "time"
    assert family_of(1009) == "list"
