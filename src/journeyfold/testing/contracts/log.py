"""The promises of `EventLog`: dense, deduplicated, all or nothing, with every fate counted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeyfold.core.event import Event, Identifier, Json, Kind
from journeyfold.core.instant import MINUTE_US
from journeyfold.core.ports import Cursor, Entry, Fate, Held
from journeyfold.log.conservation import gaps, total
from journeyfold.log.store import LogStore

NOON_US = 1_700_000_000_000_000


def entry(
    event_id: str,
    *,
    fingerprint: int = 1,
    nodes: Sequence[bytes] = (),
    source: str = "web",
    kind: Kind = "event",
    properties: dict[str, Json] | None = None,
) -> Entry:
    """An admitted event with an id and nothing remarkable about it."""
    event = Event(
        id=event_id,
        name="Product Viewed",
        type="track",
        source=source,
        identifiers=(Identifier("user_id", "u1"),),
        occurred_us=NOON_US,
        received_us=NOON_US,
        properties=properties or {"price": 1.5, "tags": ["a", None, True]},
        context={"auth": "browser"},
    )
    return Entry(event=event, kind=kind, fingerprint=fingerprint, nodes=tuple(nodes))


def flagged(event_id: str, pointer: str) -> Entry:
    """An event that was let in although one field breaks its schema."""
    made = entry(event_id)
    errors: list[Json] = [{"code": "schema", "pointer": pointer, "detail": "type"}]
    event = msgspec.structs.replace(
        made.event, context={"quality": {"errors": errors}}, schema="product_viewed.1"
    )
    return msgspec.structs.replace(made, event=event)


def held(
    event_id: str, *, source: str = "web", code: str = "unknown_event", padding: int = 0
) -> Held:
    """A message for quarantine."""
    return Held(
        source=source,
        message=b'{"event":"Odd","messageId":"' + event_id.encode() + b'"}' + b" " * padding,
        code=code,
        pointer="/event",
        received_us=NOON_US,
        detail="not in the plan",
        event_id=event_id,
        name="Odd",
        key_id="k1",
        auth="browser",
        nodes=(node(7),),
    )


def node(number: int) -> bytes:
    return number.to_bytes(16, "big")


item_lists = st.lists(
    st.one_of(
        st.builds(
            entry,
            st.sampled_from("abcdef"),
            fingerprint=st.integers(0, 1) | st.just(2**64 - 1),
            source=st.sampled_from(["web", "app"]),
            kind=st.sampled_from(["event", "output"]),
            nodes=st.lists(st.integers(0, 3).map(node), max_size=2),
        ),
        st.builds(held, st.sampled_from("xyz")),
    ),
    max_size=6,
)


class LogContract:
    """Subclass it and say how to open a log in an empty directory."""

    @abstractmethod
    def open_log(self, directory: Path) -> LogStore: ...

    @pytest.fixture
    def log(self, tmp_path: Path) -> Iterator[LogStore]:
        log = self.open_log(tmp_path)
        yield log
        log.close()

    def test_an_empty_log_has_no_head(self, log: LogStore) -> None:
        assert log.head() == (-1, 0)
        assert log.read(-1, 10) == []

    def test_what_is_appended_is_read_as_it_was(self, log: LogStore) -> None:
        items = [entry("a"), entry("b", kind="decision", properties={"é": ["\x00", 2**63 - 1]})]
        log.append(items, now_us=NOON_US)
        records = log.read(-1, 10)
        assert [record.event for record in records] == [item.event for item in items]
        assert [record.kind for record in records] == ["event", "decision"]

    def test_reading_starts_after_an_offset_and_keeps_to_the_limit(self, log: LogStore) -> None:
        log.append([entry(str(number)) for number in range(5)], now_us=NOON_US)
        assert [record.offset for record in log.read(1, 2)] == [2, 3]
        assert [record.offset for record in log.read(3, 9)] == [4]

    def test_the_same_id_with_the_same_content_is_a_duplicate(self, log: LogStore) -> None:
        log.append([entry("a"), entry("b")], now_us=NOON_US)
        assert log.append([entry("b")], now_us=NOON_US) == [Fate("duplicate", 1)]

    def test_a_duplicate_within_one_batch_is_one_too(self, log: LogStore) -> None:
        fates = log.append([entry("a"), entry("a")], now_us=NOON_US)
        assert [(fate.fate, fate.offset) for fate in fates] == [("appended", 0), ("duplicate", 0)]

    def test_the_same_id_of_two_sources_is_two_events(self, log: LogStore) -> None:
        fates = log.append([entry("a"), entry("a", source="app")], now_us=NOON_US)
        assert [fate.fate for fate in fates] == ["appended", "appended"]

    def test_the_same_id_with_another_content_is_held_as_a_conflict(self, log: LogStore) -> None:
        log.append([entry("a", fingerprint=1)], now_us=NOON_US)
        (fate,) = log.append([entry("a", fingerprint=2, nodes=[node(1)])], now_us=NOON_US)
        (row,) = log.quarantine.page()
        assert (fate.fate, fate.code) == ("quarantined", "message_id_conflict")
        assert (row.held.event_id, row.held.code, row.held.nodes) == ("a", fate.code, (node(1),))

    def test_an_output_that_differs_is_a_duplicate_that_says_so(self, log: LogStore) -> None:
        log.append([entry("a", kind="output", fingerprint=1)], now_us=NOON_US)
        fates = log.append([entry("a", kind="output", fingerprint=2)], now_us=NOON_US)
        assert fates == [Fate("duplicate", 0, "output_differs")]

    def test_fingerprints_use_all_64_bits(self, log: LogStore) -> None:
        log.append([entry("a", fingerprint=2**64 - 1)], now_us=NOON_US)
        (fate,) = log.append([entry("a", fingerprint=2**64 - 1)], now_us=NOON_US)
        assert fate.fate == "duplicate"

    def test_log_time_never_goes_back(self, log: LogStore) -> None:
        log.append([entry("a")], now_us=NOON_US)
        log.append([entry("b")], now_us=NOON_US - 1)
        assert [record.appended_us for record in log.read(-1, 9)] == [NOON_US, NOON_US]
        assert log.head() == (1, NOON_US)

    def test_a_batch_that_fails_leaves_nothing(self, log: LogStore) -> None:
        impossible = entry("b", properties={"n": 2**64})
        with pytest.raises(OverflowError):
            log.append([entry("a"), impossible, held("c")], now_us=NOON_US)
        assert log.head() == (-1, 0)
        assert log.quarantine.page() == []
        assert log.marks.totals() == []

    def test_an_event_is_found_by_source_and_id(self, log: LogStore) -> None:
        log.append([entry("a"), entry("b")], now_us=NOON_US)
        found = log.find("web", "b")
        assert found is not None
        assert found.offset == 1
        assert log.find("app", "b") is None

    def test_history_is_in_order_and_names_a_record_once(self, log: LogStore) -> None:
        one, two = node(1), node(2)
        nodes = [[one], [two], [one, two], [], [one]]
        log.append([entry(str(at), nodes=each) for at, each in enumerate(nodes)], now_us=NOON_US)
        assert [record.offset for record in log.history([two, one, one], upto=9)] == [0, 1, 2, 4]
        assert [record.offset for record in log.history([one], upto=2)] == [0, 2]
        assert [record.offset for record in log.history([one], upto=9, limit=2)] == [0, 2]
        assert log.history([node(3)], upto=9) == []

    def test_history_pages_back_from_the_newest(self, log: LogStore) -> None:
        log.append([entry(str(at), nodes=[node(at % 2)]) for at in range(8)], now_us=NOON_US)
        both = [node(0), node(1)]
        newest = log.history(both, upto=6, before=99, limit=3)
        assert [record.offset for record in newest] == [6, 5, 4]
        assert [record.offset for record in log.history(both, upto=6, before=4)] == [3, 2, 1, 0]

    def test_a_held_message_is_kept_as_it_came(self, log: LogStore) -> None:
        (fate,) = log.append([held("a")], now_us=NOON_US)
        (row,) = log.quarantine.page()
        assert fate == Fate("quarantined", -1, "unknown_event", "/event", "not in the plan")
        assert row.held == held("a")
        assert log.quarantine.get(row.id) == row

    def test_a_held_message_sent_again_is_held_once(self, log: LogStore) -> None:
        log.append([held("a")], now_us=NOON_US)
        (fate,) = log.append([held("a")], now_us=NOON_US)
        assert fate.fate == "quarantined"
        assert len(log.quarantine.page()) == 1

    def test_a_message_received_anew_is_held_once_though_it_reads_otherwise(
        self, log: LogStore
    ) -> None:
        first = msgspec.structs.replace(held("a"), fingerprint=2**64 - 1)
        again = msgspec.structs.replace(first, message=b"{}", received_us=NOON_US + 1)
        other = msgspec.structs.replace(again, fingerprint=1)
        log.append([first], now_us=NOON_US)
        log.append([again, other], now_us=NOON_US + 1)
        assert [row.held.message for row in log.quarantine.page()] == [first.message, b"{}"]

    def test_what_is_let_in_with_a_mark_is_counted_by_field_and_once(self, log: LogStore) -> None:
        marked = [flagged("a", "/properties/products/0/sku"), flagged("b", "/properties/total")]
        log.append([marked[0], flagged("c", "/properties/products/7/sku")], now_us=NOON_US)
        log.append([marked[0], marked[1], entry("d")], now_us=NOON_US)
        found = [(each.pointer, each.state, each.messages) for each in log.quarantine.flagged()]
        assert found == [
            ("/properties/products/*/sku", "flagged", 2),
            ("/properties/total", "flagged", 1),
        ]
        assert log.quarantine.groups() == []

    def test_quarantine_is_listed_by_source_and_code(self, log: LogStore) -> None:
        items = [held("a"), held("b", source="app"), held("c", code="invalid")]
        log.append(items, now_us=NOON_US)
        assert [row.held.event_id for row in log.quarantine.page(source="web")] == ["a", "c"]
        assert [row.held.event_id for row in log.quarantine.page(code="invalid")] == ["c"]
        counted = [(each.source, each.code, each.messages) for each in log.quarantine.counts()]
        assert counted == [
            ("app", "unknown_event", 1),
            ("web", "invalid", 1),
            ("web", "unknown_event", 1),
        ]

    def test_what_ever_was_held_is_counted_by_place(self, log: LogStore) -> None:
        rows = [
            msgspec.structs.replace(held(event_id), pointer=pointer)
            for event_id, pointer in (
                ("a", "/products/0/sku"),
                ("b", "/products/7/sku"),
                ("c", "/x"),
            )
        ]
        log.append(rows, now_us=1)
        log.quarantine.drop([log.quarantine.page()[-1].id])
        told = [(each.pointer, each.state, each.messages) for each in log.quarantine.groups()]
        assert told == [("/products/*/sku", "held", 2), ("/x", "dropped", 1)]

    def test_a_day_is_the_sum_of_its_minutes(self, log: LogStore) -> None:
        day_us = 86_400_000_000
        for at_us, event_id in ((day_us, "a"), (day_us + 120_000_000, "b"), (2 * day_us, "c")):
            log.append([entry(event_id), held(f"{event_id}h")], now_us=at_us)
        told = [(d.day, d.received, d.quarantined, d.last_minute) for d in log.marks.daily(1)]
        assert told == [(1, 4, 2, 1442), (2, 2, 1, 2880)]
        assert [each.day for each in log.marks.daily(2)] == [2]

    def test_a_replayed_message_leaves_quarantine_with_its_append(self, log: LogStore) -> None:
        log.append([held("a"), held("b")], now_us=NOON_US)
        first, second = log.quarantine.page()
        log.append([entry("a")], now_us=NOON_US, replayed=[first.id])
        assert log.quarantine.page() == [second]
        (gone,) = log.quarantine.page(state="replayed")
        assert (gone.id, gone.held.message) == (first.id, b"")

    def test_a_conflict_replayed_in_vain_stays_in_quarantine(self, log: LogStore) -> None:
        log.append([entry("a", fingerprint=1)], now_us=NOON_US)
        other = entry("a", fingerprint=2)
        log.append([other], now_us=NOON_US)
        (row,) = log.quarantine.page()
        log.append([other], now_us=NOON_US, replayed=[row.id])
        (still,) = log.quarantine.page()
        assert (still.held.code, still.held.message) == ("message_id_conflict", row.held.message)

    def test_a_dropped_message_keeps_its_reason_and_loses_its_content(self, log: LogStore) -> None:
        log.append([held("a")], now_us=NOON_US)
        (row,) = log.quarantine.page()
        assert log.quarantine.drop([row.id, 99]) == 1
        assert log.quarantine.drop([row.id]) == 0
        (gone,) = log.quarantine.page(state="dropped")
        assert (gone.held.code, gone.held.message, gone.held.detail) == ("unknown_event", b"", "")

    def test_pruning_drops_the_oldest_above_a_sources_bytes(self, log: LogStore) -> None:
        items = [held(name, padding=10_000) for name in "ac"]
        log.append([*items, held("b", source="app")], now_us=NOON_US)
        assert log.quarantine.prune(before_us=NOON_US, bytes_max=15_000) == 1
        assert [row.held.event_id for row in log.quarantine.page()] == ["c", "b"]
        assert log.quarantine.prune(before_us=NOON_US + 1, bytes_max=10**9) == 2

    def test_a_cursor_moves_with_its_append(self, log: LogStore) -> None:
        assert log.marks.cursor("import/orders") is None
        log.append([entry("a")], now_us=NOON_US, cursor=Cursor("import/orders", b"row 7"))
        assert log.marks.cursor("import/orders") == b"row 7"

    def test_a_named_number_is_the_last_one_set(self, log: LogStore) -> None:
        assert log.marks.number("clock_shift_us") is None
        log.marks.set_number("clock_shift_us", 5)
        log.marks.set_number("clock_shift_us", -7)
        assert log.marks.number("clock_shift_us") == -7

    def test_fates_are_counted_by_source_and_minute(self, log: LogStore) -> None:
        items: list[Entry | Held] = [entry("a"), entry("a"), held("b"), entry("c", source="app")]
        log.append(items, now_us=NOON_US, rejected=[("web", 2)])
        log.append([], now_us=NOON_US + MINUTE_US, rejected=[("web", 1)])
        web = [tally for tally in log.marks.tallies() if tally.source == "web"]
        assert [tally.minute - NOON_US // MINUTE_US for tally in web] == [0, 1]
        summed = total(web)
        counts = (summed.appended, summed.duplicate, summed.quarantined, summed.rejected)
        assert (summed.received, counts) == (6, (1, 1, 1, 3))

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # every engine runs it
    @given(st.lists(item_lists, max_size=4))
    def test_offsets_are_dense_and_every_fate_is_counted(
        self, batches: list[list[Entry | Held]]
    ) -> None:
        with TemporaryDirectory() as directory:
            log = self.open_log(Path(directory))
            fates = [fate for batch in batches for fate in log.append(batch, now_us=NOON_US)]
            records = log.read(-1, 1_000)
            totals = log.marks.totals()
            log.close()
        appended = [fate.offset for fate in fates if fate.fate == "appended"]
        assert appended == [record.offset for record in records] == list(range(len(records)))
        assert gaps(totals) == {}
        assert total(totals).received == len(fates)
        assert total(totals).appended == len(records)
        assert len({(record.event.source, record.event.id) for record in records}) == len(records)
