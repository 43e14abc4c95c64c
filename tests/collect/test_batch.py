"""Imports through a child process (collect C40 to C44, section 6)."""

import importlib.util
import sys
from pathlib import Path

import pytest

from journeyfold.collect.batch import dry_append
from journeyfold.collect.child import ImportFailed

_PATH = Path(__file__).with_name("import_kit.py")
if "import_kit" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("import_kit", _PATH)
    sys.modules["import_kit"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["import_kit"])
kit = sys.modules["import_kit"]
csv_shop, ndjson_shop, Shop = kit.csv_shop, kit.ndjson_shop, kit.Shop

HEAD = "order,email,at,total\n"
GOOD = "1,ann@example.com,2026-01-01T10:00:00Z,9.99\n2,bob@example.com,2026-01-02T10:00:00Z,5\n"


def test_each_row_of_a_csv_becomes_an_event(tmp_path):
    account = (shop := csv_shop(tmp_path, HEAD + GOOD)).run()
    assert (account.appended, account.rows_read) == (2, 2)
    assert [(e.id, e.name, e.properties["total"]) for e in shop.events] == [
        ("1", "Order Completed", 9.99),
        ("2", "Order Completed", 5.0),
    ]


def test_an_imported_event_says_that_it_was_imported(tmp_path):
    (shop := csv_shop(tmp_path, HEAD + GOOD)).run()
    assert shop.events[0].context["auth"] == "import"


def test_importing_twice_appends_nothing(tmp_path):
    shop = csv_shop(tmp_path, HEAD + GOOD)
    shop.run()
    account = shop.run()
    assert (account.appended, account.duplicate, account.rows_in_events) == (0, 2, 2)


def test_an_edited_row_under_the_same_id_is_a_conflict_and_not_lost(tmp_path):
    shop = csv_shop(tmp_path, HEAD + GOOD)
    shop.run()
    (tmp_path / "orders.csv").write_text(HEAD + GOOD.replace("9.99", "8.88"))
    account = shop.run()
    assert (account.quarantined, account.reasons[0].reason) == (1, "message_id_conflict")
    kit.assert_reconciled(account)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (b'3,"torn@example.com,2026-01-03T10:00:00Z,1\n', "torn_quote"),
        (b"3,m\xfcller@example.com,2026-01-03T10:00:00Z,1\n", "encoding"),
        (b"3,nul\x00@example.com,2026-01-03T10:00:00Z,1\n", "nul"),
        (b"3,c@example.com,2026-01-03T10:00:00Z\n", "columns"),
        (b"3,c@example.com,yesterday,1\n", "bad_value"),
        (b"3,c@example.com,2026-01-03T10:00:00Z,cheap\n", "bad_value"),
        (b"3," + b"x" * (1 << 20) + b",2026-01-03T10:00:00Z,1\n", "line_too_long"),
        (b",c@example.com,2026-01-03T10:00:00Z,1\n", "no_id"),
        (b"3,,2026-01-03T10:00:00Z,1\n", "no_identity"),
        (b"3,c@example.com,,1\n", "no_time"),
    ],
)
def test_a_bad_row_is_quarantined_with_its_line_and_the_rest_imported(tmp_path, bad, code):
    first, second = GOOD.splitlines(keepends=True)
    shop = csv_shop(tmp_path, HEAD.encode() + first.encode() + bad + second.encode())
    account = shop.run()
    assert (account.appended, account.quarantined) == (2, 1)
    assert (account.examples[0].reason, account.examples[0].line) == (code, 3)
    assert [row.held.pointer for row in shop.held] == ["/line/3"]
    kit.assert_reconciled(account)


def test_a_quoted_field_may_span_lines(tmp_path):
    rows = '1,"ann\n@example.com",2026-01-01T10:00:00Z,9.99\n2,b@example.com,2026-01-02,1\n'
    account = (shop := csv_shop(tmp_path, HEAD + rows)).run()
    assert account.appended == 2
    assert shop.events[0].identifiers[0].value == "ann\n@example.com"


def test_a_missing_column_is_one_sentence_naming_it_and_those_present(tmp_path):
    shop = csv_shop(tmp_path, "order,mail,at,total\n" + GOOD)
    with pytest.raises(ImportFailed, match="has no column 'email'; it has: order, mail, at, total"):
        shop.run()
    assert shop.events == []


def test_a_column_named_twice_is_refused(tmp_path):
    shop = csv_shop(tmp_path, "order,email,at,at\n" + GOOD)
    with pytest.raises(ImportFailed, match="more than one column named 'at'"):
        shop.run()


def test_an_empty_file_is_one_sentence(tmp_path):
    with pytest.raises(ImportFailed, match="header line cannot be read: is empty"):
        csv_shop(tmp_path, "").run()


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    shop = Shop(tmp_path, {"csv": "nowhere.csv"}, **kit.ORDERS)
    with pytest.raises(ImportFailed, match="there is no file"):
        shop.run()


def test_more_than_one_bad_row_in_ten_stops_before_anything_is_written(tmp_path):
    rows = "".join(f"{i},a@example.com,2026-01-01T10:00:00Z,1\n" for i in range(5_000))
    shop = csv_shop(tmp_path, HEAD + rows + "torn\n" * 1_001)
    with pytest.raises(ImportFailed, match="--force") as failure:
        shop.run()
    assert failure.value.reason == "bad_rows"
    assert shop.log.head() == (-1, 0)
    assert shop.held == []


def test_force_imports_the_good_rows_of_a_bad_file(tmp_path):
    rows = "".join(f"{i},a@example.com,2026-01-01T10:00:00Z,1\n" for i in range(10))
    account = csv_shop(tmp_path, HEAD + rows + "torn\n" * 1_100).run(force=True)
    assert (account.appended, account.quarantined) == (10, 1_100)


def test_rows_of_a_group_are_one_event_wherever_they_stand(tmp_path):
    rows = (
        "1,a@example.com,2026-01-01T10:00:00Z,1.10\n"
        "2,b@example.com,2026-01-01T10:00:00Z,7\n"
        "1,a@example.com,2026-01-01T10:01:00Z,2.20\n"
    )
    fields = kit.ORDERS["fields"] | {
        "occurred": "min(rows, item.at)",
        "properties": {
            "total": "sum(rows, item.total)",
            "lines": {"each": "rows", "x": "item.total"},
        },
    }
    (shop := csv_shop(tmp_path, HEAD + rows, group=["order"], fields=fields)).run()
    assert shop.events[0].properties == {"total": 3.3, "lines": [{"x": 1.1}, {"x": 2.2}]}


def test_rows_without_a_branch_are_quarantined_and_filtered_ones_only_counted(tmp_path):
    rows = GOOD + "3,c@example.com,2026-01-03T10:00:00Z,-1\n"
    ways = [
        {"when": "row.total > 6", "event": "Order Completed"},
        {"when": "row.total < 0", "filter": {"fate": "filtered", "reason": "refund"}},
    ]
    account = (shop := csv_shop(tmp_path, HEAD + rows, map=ways)).run()
    assert (account.appended, account.filtered, account.quarantined) == (1, 1, 1)
    assert [row.held.code for row in shop.held] == ["unmapped"]
    kit.assert_reconciled(account)


def test_what_privacy_refuses_is_counted_and_not_kept(tmp_path):
    account = (shop := csv_shop(tmp_path, HEAD + GOOD, protect=kit.deny_all)).run()
    assert (account.rejected, account.rows_filtered, shop.events, shop.held) == (2, 2, [], [])
    kit.assert_reconciled(account)


def test_a_dry_run_writes_nothing_and_tells_what_would_happen(tmp_path):
    shop = csv_shop(tmp_path, HEAD + GOOD)
    account = shop.run(append=dry_append(shop.log.find), dry_run=True)
    assert (account.appended, account.dry_run, shop.events) == (2, True, [])
    shop.run()
    again = shop.run(append=dry_append(shop.log.find), dry_run=True)
    assert (again.appended, again.duplicate) == (0, 2)


def test_a_limited_run_is_continued_by_the_next(tmp_path):
    shop = csv_shop(tmp_path, HEAD + GOOD)
    first = shop.run(limit=1)
    second = shop.run()
    assert (first.status, first.appended) == ("limited", 1)
    assert (second.rows_before, second.appended, second.duplicate) == (1, 1, 0)


def test_start_ignores_the_cursor(tmp_path):
    shop = csv_shop(tmp_path, HEAD + GOOD)
    shop.run(limit=1)
    assert shop.run(start="start").duplicate == 1


def test_a_run_that_died_is_continued_where_its_last_transaction_ended(tmp_path):
    rows = "".join(f"{i},a@example.com,2026-01-01T10:00:00Z,1\n" for i in range(13_000))
    shop = csv_shop(tmp_path, HEAD + rows)
    shop.fail_at = 2
    with pytest.raises(KeyboardInterrupt):
        shop.run()
    before = len(shop.events)
    account = shop.run()
    assert 0 < before < 13_000
    assert (account.rows_before, account.appended, account.duplicate) == (
        before,
        13_000 - before,
        0,
    )


def test_progress_ends_at_the_last_row(tmp_path):
    shop = csv_shop(tmp_path, HEAD + GOOD)
    shop.run()
    assert shop.progress[-1] == (2, 2, 2)


def test_a_grown_file_is_read_from_the_cursor(tmp_path):
    cursor = {"column": "at", "key": "order", "overlap": "1h"}
    shop = csv_shop(tmp_path, HEAD + GOOD, cursor=cursor)
    shop.run()
    (tmp_path / "orders.csv").write_text(HEAD + GOOD + "3,c@example.com,2026-01-03T10:00:00Z,1\n")
    account = shop.run()
    assert (account.appended, account.duplicate, account.rows_read) == (1, 1, 2)


def test_messages_of_the_wire_are_imported_as_they_are(tmp_path):
    lines = [
        '{"type":"identify","userId":"u1","messageId":"m1","traits":{"plan":"pro"},"timestamp":"2026-01-01T00:00:00Z"}',
        '{"type":"track","event":"Seen","anonymousId":"a1","timestamp":"2026-01-01T00:00:01Z"}',
    ]
    shop = ndjson_shop(tmp_path, lines, preset="wire")
    account = shop.run()
    assert (account.appended, [event.name for event in shop.events]) == (2, ["Identify", "Seen"])
    assert shop.run().duplicate == 2


def test_bad_lines_of_ndjson_are_quarantined(tmp_path):
    lines = ['{"type":"track","event":"Seen","userId":"u"}', "{torn", "[1]"]
    account = ndjson_shop(tmp_path, lines, preset="wire").run()
    assert sorted(reason.reason for reason in account.reasons) == ["invalid_json", "not_an_object"]
    kit.assert_reconciled(account)


def test_ndjson_columns_without_a_type_need_a_cast_and_may_be_absent(tmp_path):
    lines = ['{"id":"a","user":7,"ts":1700000000000,"n":{"k":1}}', '{"id":"b","user":8,"ts":1}']
    shop = ndjson_shop(
        tmp_path,
        lines,
        read={"units": {"ts": "ms"}},
        map=[{"event": "Seen"}],
        fields={
            "id": ["id"],
            "occurred": "row.ts",
            "identifiers": {"user_id": "row.user"},
            "properties": {"k": "as_int(row.n.k)"},
        },
    )
    shop.run()
    assert [(e.occurred_us, e.properties) for e in shop.events] == [
        (1_700_000_000_000_000, {"k": 1}),
        (1_000, {}),
    ]


def test_an_instant_in_the_future_is_cut_and_the_file_can_still_be_read_again(tmp_path):
    shop = csv_shop(tmp_path, HEAD + "1,a@example.com,2036-01-01T10:00:00Z,1\n")
    shop.run()
    assert shop.events[0].occurred_us == kit.NOW_US + 300_000_000
    assert shop.events[0].context["time"] == {"client": "2036-01-01T10:00:00Z", "rule": "future"}
    assert shop.run().duplicate == 1
