"""Syncs beside the fold, to a destination that keeps what it is given."""

import json
from contextlib import contextmanager

import pytest
from house import KEY, compile_texts, everything
from outbox_kit import Post

from journeyfold.activate.destination import Destined, Outcome
from journeyfold.adapters.memory import MemoryState
from journeyfold.core.errors import StateGrew
from journeyfold.core.instant import DAY_US, MINUTE_US
from journeyfold.project.engine import Engine
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.project.synced import acknowledged_rows, standing_of
from journeyfold.runtime import outbox
from journeyfold.runtime.fold_loop import FoldLoop
from journeyfold.runtime.results import record_of_nobody
from journeyfold.runtime.syncing import Syncing

SYNC = """type: kafka
servers: "kafka:9092"
topic: t
syncs:
  - id: gold
    from: {where: traits.tier == "gold"}
    max_removed: 100%
    key: traits.email
    map: {name: traits.name, tier: traits.tier}
"""
CAREFUL = SYNC.replace("    max_removed: 100%\n", "")  # 30%, where nothing is said


SCHEMA = """{
"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Identify",
"x-journeyfold": {"type": "identify", "version": 1, "owner": "web@shop.test"}, "type": "object",
"properties": {"email": {"type": "string"}, "name": {"type": "string"}, "tier": {"type": "string"}}
}"""


SEGMENT = """segments:
  - {id: golden, when: 'traits.tier == "gold"'}
"""


class Kept(Destined, frozen=True, kw_only=True, tag="kept"):
    """The other side: `rows` by key, and what it was told in which order."""

    takes = frozenset({"upsert", "remove"})
    batch = 100

    side: object = None

    def open(self, tools):
        return self.side


class Side:
    def __init__(self):
        self.rows, self.told, self.answers = {}, [], {}

    def deliver(self, parcels):
        return [self._take(parcel) for parcel in parcels]

    def _take(self, parcel):
        key = parcel.body["key"]
        if key in self.answers:
            return self.answers[key]
        self.told.append((parcel.kind, key))
        if parcel.kind == "remove":
            self.rows.pop(key, None)
        else:
            self.rows[key] = {name: said for name, said in parcel.body.items() if name != "key"}
        return Outcome("sent")

    def close(self):
        pass


def project(text):
    return load(
        template_files("blank")
        | {
            "destinations/crm.yaml": text,
            "schemas/identify.1.json": SCHEMA,
            "segments/golden.yaml": SEGMENT,
        }
    )


class Shop(Post):
    def __init__(self, path, text=SYNC):
        self.side, self.syncing, self.reported = Side(), None, []
        super().__init__(project(text), path, crm=Kept(destination="crm", side=self.side))
        self.again()

    def again(self):
        """A new process over the same stores."""
        self.begin()
        if self.syncing is not None:
            self.syncing.close()
        self.syncing = Syncing(
            self.log, self.state, self.dispatcher._clock, bytes(32), self.path,
            self.dispatcher.fresh, self.reported.append,
        )  # fmt: skip

    def refolded(self):
        """The state made anew from the log, as a restart does."""
        state = MemoryState()
        engine = Engine(self.log, KEY, compile_texts, complete_builds=True)
        loop = FoldLoop(self.log, state, engine, self.dispatcher._clock)
        while loop.batch(500)[0]:
            pass
        return state

    def take_over(self):
        """Go on over another state."""
        self.engine = Engine(self.log, KEY, compile_texts)
        self.loop = FoldLoop(self.log, self.state, self.engine, self.dispatcher._clock)
        self.again()

    def person(self, user, email=None, tier="gold", **traits):
        said = {"email": f"{user}@shop.test" if email is None else email, "tier": tier, **traits}
        self.track("Identify", type_="identify", user=user, traits=said)

    def compare(self, most=10_000):
        """Until nothing more is due at this instant."""
        for _ in range(most):
            self.syncing._next_look_s = 0.0
            before = self.log.head()[0]
            self.syncing.run(self.loop)
            self.fold()
            is_idle = not (self.syncing._looks or self.syncing._sending or self.syncing._leaving)
            if is_idle and self.log.head()[0] == before:
                return
        raise AssertionError("the sync does not come to an end")

    def sync(self, us=15 * MINUTE_US):
        self.now_us += us
        self.compare()
        self.deliver()
        return self.last()

    def last(self):
        with self.state.read() as reader:
            return standing_of(reader, "crm.gold")

    def confirm(self, confirm=True):
        told = {"destination": "crm", "sync": "gold", "confirm": confirm}
        entry = record_of_nobody("sync.asked", f"ask/{self.now_us}", told, self.now_us)
        self.log.append([entry], now_us=self.now_us)
        self.fold()


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.fixture
def careful(tmp_path):
    return Shop(tmp_path, CAREFUL)


def test_the_first_run_brings_everybody_of_the_audience(shop):
    shop.person("ann", name="Ann")
    shop.person("bob", tier="new")
    standing = shop.sync()
    assert shop.side.rows == {"ann@shop.test": {"name": "Ann", "tier": "gold"}}
    assert (standing.told["added"], standing.told["rows"]) == (1, 1)
    assert shop.last().rows == 1
    assert shop.rows() == []


def traced(shop):
    """What is told of the runs of the sync: state, rows met and rows sent."""
    lines = (shop.path / "lineage" / "runs.ndjson").read_text().splitlines()
    return [
        (
            each["eventType"],
            each["inputs"][0]["inputFacets"].get("dataQualityMetrics", {}).get("rowCount"),
            each["outputs"][0]["outputFacets"].get("outputStatistics", {}).get("rowCount"),
        )
        for each in map(json.loads, lines)
        if each["job"]["name"] == "sync.crm.gold"
    ]


def test_a_run_is_told_with_how_many_rows_it_met_and_sent(shop):
    shop.person("ann", name="Ann")
    shop.person("bob", tier="new")
    shop.sync()
    shop.sync()
    assert traced(shop) == [
        ("START", None, None), ("COMPLETE", 1, 1), ("START", None, None), ("COMPLETE", 1, 0),
    ]  # fmt: skip


def test_a_run_that_is_cut_off_is_told_as_failed(shop):
    shop.person("ann", name="Ann")
    shop.now_us += 15 * MINUTE_US
    shop.syncing.run(shop.loop)
    shop.syncing.close()
    assert [state for state, _, _ in traced(shop)] == ["START", "FAIL"]


def test_a_run_without_a_change_sends_nothing(shop):
    shop.person("ann")
    shop.sync()
    standing = shop.sync()
    assert len(shop.side.told) == 1
    assert standing.told["unchanged"] == 1


def test_a_changed_row_goes_again_and_so_does_one_that_changed_back(shop):
    for name in ("Ann", "Anna", "Ann", "Anna"):
        shop.person("ann", name=name)
        shop.sync()
        assert shop.side.rows["ann@shop.test"]["name"] == name
    assert len(shop.side.told) == 4


def test_who_leaves_the_audience_is_removed_and_may_come_again(shop):
    shop.person("ann")
    shop.sync()
    shop.person("ann", tier="new")
    standing = shop.sync()
    assert shop.side.rows == {}
    assert (standing.told["removed"], shop.last().rows) == (1, 0)
    shop.person("ann")
    shop.sync()
    assert list(shop.side.rows) == ["ann@shop.test"]


def test_another_key_is_another_row(shop):
    shop.person("ann")
    shop.sync()
    shop.person("ann", email="new@shop.test")
    shop.sync()
    assert list(shop.side.rows) == ["new@shop.test"]


def test_a_segment_is_an_audience(tmp_path):
    shop = Shop(tmp_path, SYNC.replace('where: traits.tier == "gold"', "segment: golden"))
    shop.person("ann")
    shop.person("bob", tier="new")
    shop.sync()
    assert list(shop.side.rows) == ["ann@shop.test"]
    shop.person("ann", tier="new")
    shop.sync()
    assert shop.side.rows == {}


def test_between_two_runs_nothing_is_looked_at(shop):
    shop.person("ann")
    shop.sync()
    shop.person("bob")
    shop.sync(us=14 * MINUTE_US)
    assert len(shop.side.rows) == 1
    shop.sync(us=MINUTE_US)
    assert len(shop.side.rows) == 2


def test_a_run_may_be_asked_for_before_its_time(shop):
    shop.person("ann")
    shop.sync()
    shop.person("bob")
    shop.now_us += 1
    shop.confirm(confirm=False)
    shop.sync(us=1)
    assert len(shop.side.rows) == 2
    assert shop.last().asked_us == 0


def test_upsert_never_removes_and_append_never_changes(tmp_path):
    for mode, name in (("upsert", "Anna"), ("append", "Ann")):
        shop = Shop(tmp_path, SYNC.replace("key:", f"mode: {mode}\n    key:"))
        shop.person("ann", name="Ann")
        shop.person("bob")
        shop.sync()
        shop.person("ann", name="Anna")
        shop.person("bob", tier="new")
        shop.sync()
        assert shop.side.rows["ann@shop.test"]["name"] == name
        assert "bob@shop.test" in shop.side.rows


def test_a_baseline_sends_only_what_changes_from_then_on(tmp_path):
    shop = Shop(tmp_path, SYNC.replace("key:", "first_run: baseline\n    key:"))
    shop.person("ann")
    shop.person("bob")
    standing = shop.sync()
    assert shop.side.told == []
    assert (standing.told["is_baseline"], shop.last().rows) == (True, 2)
    shop.person("ann", tier="new")
    shop.person("bob", name="Bob")
    shop.confirm()
    shop.sync()
    assert shop.side.told == [("remove", "ann@shop.test"), ("upsert", "bob@shop.test")]


def test_keys_that_come_twice_or_not_at_all_are_reported_and_not_sent(shop):
    shop.person("ann", email="same@shop.test")
    shop.person("bob", email="same@shop.test")
    shop.person("cy", email="")
    shop.person("dee")
    standing = shop.sync()
    assert list(shop.side.rows) == ["dee@shop.test"]
    assert (standing.told["duplicates"], standing.told["no_key"]) == (2, 1)


def test_a_key_that_comes_twice_later_leaves_its_row_as_it_is(shop):
    shop.person("ann", name="Ann")
    shop.sync()
    shop.person("bob", email="ann@shop.test")
    shop.person("ann", name="Anna")
    shop.sync()
    assert shop.side.rows == {"ann@shop.test": {"name": "Ann", "tier": "gold"}}


def twenty(shop):
    for number in range(20):
        shop.person(f"u{number}")
    shop.sync()
    assert len(shop.side.rows) == 20


def test_more_than_the_share_gone_stops_the_sync_until_somebody_confirms(careful):
    twenty(careful)
    for number in range(7):
        careful.person(f"u{number}", tier="new")
    careful.person("u19", name="Changed")
    standing = careful.sync()
    assert standing.stopped_us > 0
    assert standing.told["removed"] == 7
    assert len(careful.side.told) == 20
    careful.sync()
    (sentence,) = careful.reported
    assert "sync crm.gold has stopped: 7 of 20 rows are gone" in sentence
    assert len(careful.side.told) == 20
    careful.confirm()
    standing = careful.sync(us=1)
    assert (standing.stopped_us, len(careful.side.rows)) == (0, 13)
    assert careful.side.rows["u19@shop.test"]["name"] == "Changed"


def test_of_three_rows_one_that_goes_is_more_than_the_share(careful):
    for user in ("ann", "bob", "cid"):
        careful.person(user)
    careful.sync()
    careful.person("bob", tier="new")
    assert careful.sync().stopped_us > 0
    assert len(careful.side.rows) == 3


def test_a_share_that_is_allowed_goes(careful):
    twenty(careful)
    for number in range(6):
        careful.person(f"u{number}", tier="new")
    assert careful.sync().stopped_us == 0
    assert len(careful.side.rows) == 14


def test_withdrawn_consent_is_a_removal_that_no_stop_holds_back_and_goes_first(tmp_path):
    shop = Shop(tmp_path, CAREFUL.replace("key:", "purpose: marketing\n    key:"))
    for number in range(20):
        consent(shop, f"u{number}", "granted")
    twenty(shop)
    for number in range(7):
        shop.person(f"u{number}", tier="new")
    consent(shop, "u19", "denied")
    standing = shop.sync()
    assert standing.stopped_us > 0
    assert shop.side.told[20:] == [("remove", "u19@shop.test")]
    shop.person("z9")
    consent(shop, "z9", "granted")
    consent(shop, "u18", "denied")
    shop.confirm()
    shop.sync(us=1)
    assert shop.side.told[21] == ("remove", "u18@shop.test")
    assert shop.side.told[-1] == ("upsert", "z9@shop.test")
    assert {kind for kind, _ in shop.side.told[21:-1]} == {"remove"}


def consent(shop, user, state):
    shop.track("Consent Updated", {"purposes": {"marketing": state}}, user=user)


def test_withdrawn_consent_is_a_removal_in_every_mode(tmp_path):
    text = SYNC.replace("key:", "purpose: marketing\n    mode: append\n    key:")
    shop = Shop(tmp_path, text)
    consent(shop, "ann", "granted")
    shop.person("ann")
    shop.sync()
    consent(shop, "ann", "denied")
    shop.sync()
    assert shop.side.rows == {}


def test_consent_withdrawn_while_a_row_waits_holds_it_back(tmp_path):
    shop = Shop(tmp_path, SYNC.replace("key:", "purpose: marketing\n    key:"))
    consent(shop, "ann", "granted")
    shop.person("ann")
    shop.now_us += DAY_US
    shop.compare()
    consent(shop, "ann", "denied")
    shop.deliver()
    assert shop.side.told == []
    shop.sync()
    assert (shop.side.told, shop.last().rows) == ([], 0)


def test_two_people_who_become_one_leave_one_row(shop):
    shop.person("ann")
    shop.track(
        "Identify",
        type_="identify",
        anonymous="tab",
        traits={"email": "tab@shop.test", "tier": "gold"},
    )
    shop.sync()
    assert len(shop.side.rows) == 2
    shop.track(
        "Identify", type_="identify", user="ann", anonymous="tab", traits={"email": "ann@shop.test"}
    )
    shop.sync()
    assert list(shop.side.rows) == ["ann@shop.test"]


def test_a_row_that_failed_for_good_is_left_for_somebody_to_see_until_it_changes(shop):
    shop.side.answers["ann@shop.test"] = Outcome("dead", "no such country")
    shop.person("ann")
    shop.sync()
    (row,) = shop.rows()
    assert row.state == "dead"
    standing = shop.sync()
    assert standing.told["waiting"] == 1
    assert len(shop.rows()) == 1
    shop.side.answers.clear()
    shop.person("ann", name="Ann")
    shop.sync()
    assert shop.rows() == []
    assert shop.side.rows["ann@shop.test"]["name"] == "Ann"


def test_a_row_on_its_way_is_not_put_there_twice_and_a_newer_one_overtakes_it(shop):
    shop.person("ann", name="Ann")
    shop.now_us += DAY_US
    shop.compare()
    (first,) = shop.rows()
    shop.now_us += DAY_US
    shop.compare()
    assert [row.key for row in shop.rows()] == [first.key]
    shop.person("ann", name="Anna")
    shop.now_us += DAY_US
    shop.compare()
    (second,) = shop.rows()
    assert second.key != first.key
    shop.deliver()
    assert shop.side.told == [("upsert", "ann@shop.test")]
    assert shop.side.rows["ann@shop.test"]["name"] == "Anna"


def test_a_run_cut_off_at_any_piece_goes_on_and_sends_each_row_once(tmp_path):
    for steps in range(1, 9):
        shop = Shop(tmp_path)
        for number in range(5):
            shop.person(f"u{number}")
        shop.now_us += DAY_US
        for _ in range(steps):
            shop.syncing._next_look_s = 0.0
            shop.syncing.run(shop.loop)
        shop.again()
        shop.compare()
        shop.deliver()
        shop.sync()
        assert sorted(key for _, key in shop.side.told) == [f"u{n}@shop.test" for n in range(5)]
        assert shop.last().rows == 5


def test_a_rebuilt_state_knows_what_is_out_there_and_sends_nothing_again(shop):
    for number in range(3):
        shop.person(f"u{number}")
    shop.sync()
    shop.person("u0", tier="new")
    shop.sync()
    rebuilt = shop.refolded()
    before, after = everything(shop.state), everything(rebuilt)
    assert after["sync"] == before["sync"]
    assert after["row"] == []
    shop.state = rebuilt
    shop.take_over()
    shop.sync()
    assert len(shop.side.told) == 4
    shop.person("u1", tier="new")
    shop.sync()
    assert list(shop.side.rows) == ["u2@shop.test"]


def test_who_left_while_the_state_was_rebuilt_is_removed_all_the_same(shop):
    for number in range(3):
        shop.person(f"u{number}")
    shop.sync()
    shop.person("u1", tier="new")
    shop.state = shop.refolded()
    shop.take_over()
    shop.sync()
    assert sorted(shop.side.rows) == ["u0@shop.test", "u2@shop.test"]


def test_a_row_whose_key_nobody_knows_any_more_is_counted(shop):
    for number in range(3):
        shop.person(f"u{number}")
    shop.sync()
    shop.person("u1", email="other@shop.test")
    shop.state = shop.refolded()
    shop.take_over()
    assert shop.sync().told["lost"] == 1


def test_a_sync_that_is_taken_out_leaves_no_key_behind_and_may_come_back(shop, monkeypatch):
    monkeypatch.setattr("journeyfold.runtime.syncing.SLICE_ROWS", 2)
    for number in range(5):
        shop.person(f"u{number}")
    shop.sync()
    assert len(everything(shop.state)["row"]) == 6
    shop.activate(project(SYNC.partition("syncs:")[0]))
    shop.sync()
    assert everything(shop.state)["row"] == []
    shop.activate(project(SYNC))
    shop.person("u1", tier="new")
    shop.sync()
    assert len(shop.side.rows) == 4
    assert len(shop.side.told) == 6


def test_the_log_holds_no_key_of_a_row(shop):
    shop.person("ann")
    shop.sync()
    said = [each for each in shop.log.read(-1, 1000) if each.event.name.startswith("sync.")]
    assert {each.event.name for each in said} == {"sync.ran", "sync.acknowledged"}
    assert not any("shop.test" in str(each.event.properties) for each in said)
    assert all(not each.event.identifiers for each in said)


class Growing:
    """A state that has to make room at every other write."""

    def __init__(self, state):
        self.state, self.writes, self.read = state, 0, state.read

    @contextmanager
    def write(self):
        self.writes += 1
        if self.writes % 2:
            raise StateGrew("room was made")
        with self.state.write() as writer:
            yield writer


@pytest.mark.parametrize("first_run", ["full", "baseline"])
def test_a_state_that_makes_room_loses_no_row(tmp_path, first_run):
    shop = Shop(tmp_path, SYNC.replace("key:", f"first_run: {first_run}\n    key:"))
    for number in range(3):
        shop.person(f"u{number}")
    shop.syncing._state = Growing(shop.state)
    shop.sync()
    assert shop.last().rows == 3
    assert len(shop.side.rows) == (3 if first_run == "full" else 0)
    assert shop.syncing._state.writes > 1


def test_many_people_take_many_slices_and_one_pass(tmp_path, monkeypatch):
    monkeypatch.setattr("journeyfold.runtime.syncing.SLICE_PEOPLE", 7)
    monkeypatch.setattr("journeyfold.runtime.syncing.SLICE_ROWS", 5)
    monkeypatch.setattr("journeyfold.runtime.syncing.PIECE", 3)
    monkeypatch.setattr("journeyfold.runtime.syncing.BACKLOG", 6)
    shop = Shop(tmp_path, SYNC + SYNC.partition("syncs:\n")[2].replace("id: gold", "id: too"))
    for number in range(40):
        shop.person(f"u{number}")
    shop.now_us += DAY_US
    for _ in range(400):
        shop.syncing._next_look_s = 0.0
        shop.syncing.run(shop.loop)
        shop.fold()
        assert len(shop.rows()) <= 9
        shop.deliver()
    assert len(shop.side.rows) == 40
    assert len(shop.side.told) == 80


def test_an_outbox_of_syncs_is_empty_when_all_is_taken(shop):
    shop.person("ann")
    shop.sync()
    with shop.state.read() as reader:
        assert list(outbox.rows(reader)) == []
        assert len(list(acknowledged_rows(reader, "crm.gold"))) == 1
