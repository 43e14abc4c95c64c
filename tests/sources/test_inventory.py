import msgspec
import pytest

from journeyfold.sources.inventory import Source
from journeyfold.sources.size import size_bytes


def source(**keys):
    return msgspec.convert(keys, Source)


def test_a_development_source_allows_what_it_does_not_know():
    assert source(kind="browser").plan_in_force() == ("allow", "allow", "quarantine")


def test_a_live_source_quarantines_what_it_does_not_know():
    assert source(kind="browser", env="live").plan_in_force() == (
        "quarantine",
        "strip",
        "quarantine",
    )


def test_a_written_plan_beats_the_default_of_its_env_key_by_key():
    plan = {"unknown_event": "reject"}
    assert source(kind="server", env="live", plan=plan).plan_in_force() == (
        "reject",
        "strip",
        "quarantine",
    )


def test_an_import_takes_bigger_events_than_the_wire():
    wire, bulk = source(kind="server"), source(kind="import", read={"csv": "a.csv"})
    assert (wire.max_event_bytes, bulk.max_event_bytes) == (32 * 1024, 256 * 1024)
    assert (wire.max_members, bulk.max_members) == (1_000, 20_000)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"kind": "pigeon"}, "Invalid enum value 'pigeon'"),
        ({"kind": "browser", "orgins": []}, "unknown field `orgins`"),
        ({"kind": "import"}, "needs `read`"),
        ({"kind": "webhook"}, "needs `webhook`"),
        ({"kind": "import", "read": {}}, "exactly one of csv, ndjson, parquet, excel, avro, sql"),
        ({"kind": "import", "read": {"csv": "a", "sql": "b"}}, "exactly one of"),
        ({"kind": "import", "read": {"csv": "a", "header": False}}, "needs `columns`"),
        ({"kind": "import", "read": {"csv": "a", "delimiter": "||"}}, "not one character"),
        ({"kind": "import", "read": {"csv": "a", "cpu": "soon"}}, "is no duration"),
        ({"kind": "import", "read": {"csv": "a", "memory": "2GB"}}, "is no size"),
        ({"kind": "import", "read": {"csv": "a", "tables": {"t": "x"}}}, "belong to `sql`"),
        ({"kind": "browser", "limits": {"max_event": "32KB"}}, "is no size"),
        ({"kind": "browser", "limits": {"max_body": "5MiB"}}, "above 4MiB"),
        ({"kind": "browser", "limits": {"burst": 0}}, "at least 1"),
        ({"kind": "browser", "ip": "full"}, "needs `purposes`"),
        ({"kind": "browser", "map": [{"when": "x"}]}, "exactly one of event, filter, otherwise"),
        ({"kind": "webhook", "webhook": {"verify": "hmac"}}, "needs `header`"),
        (
            {
                "kind": "browser",
                "map": [{"otherwise": {"fate": "filtered", "reason": "r"}}, {"event": "E"}],
            },
            "must be the last line",
        ),
    ],
)
def test_a_wrong_source_is_refused_with_a_sentence(keys, sentence):
    with pytest.raises(msgspec.ValidationError, match=sentence):
        source(**keys)


@pytest.mark.parametrize(
    ("text", "size"), [("4096", 4096), ("32KiB", 32768), ("1 GiB", 1 << 30), ("1KB", None)]
)
def test_a_size_is_bytes_in_binary_units(text, size):
    assert size_bytes(text) == size
