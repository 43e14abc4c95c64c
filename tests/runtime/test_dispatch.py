"""The outbox goes out: leases, retries, lanes, and what the log is told (journeys A1-A6)."""

import threading
import time
from contextlib import contextmanager, suppress

import pytest
from outbox_kit import Book, Post, Recorder, effect

from journeyfold.activate.destination import Outcome, Rate
from journeyfold.activate.outbox import leased
from journeyfold.adapters.memory import MemoryState
from journeyfold.core.errors import Busy, StateGrew, UsageError
from journeyfold.project.load import load
from journeyfold.project.scaffold import template_files
from journeyfold.runtime import outbox

MINUTE = 60_000_000
DAY = 1_440 * MINUTE
PROJECT = load(template_files("blank"))
REFUSED = Outcome("retry", "no connection", is_unreached=True)
BROKEN = Outcome("retry", "answered 503")


class Office(Post):
    """One destination that nobody's file says, and its book."""

    def __init__(self, path, *answers, delivery="at_least_once", rate=None, **others):
        self.book = Book(*answers)
        crm = Recorder(destination="crm", book=self.book, rate=rate or Rate(concurrency=2))
        super().__init__(PROJECT, path, crm=crm, **others)
        self.delivery, self.number = delivery, 0

    def say(self, number=1, **payload):
        delivery = payload.pop("delivery", self.delivery)
        made = [
            effect(self.number + at, delivery=delivery, due_us=self.now_us, **payload)
            for at in range(number)
        ]
        self.number += number
        self.stage(*made)
        return made

    def pass_time(self, us):
        self.now_us += us

    def names(self):
        return [each.name for each in self.results()]

    def row(self):
        (row,) = self.rows()
        return row


@pytest.fixture
def office(tmp_path):
    return Office(tmp_path)


def test_a_delivery_goes_out_once_and_its_row_goes(office):
    office.say()
    office.deliver()
    assert office.book.came == ["effect-0"]
    assert office.names() == ["webhook.sent"]
    assert office.rows() == []


def test_its_result_says_which_attempt_how_long_it_took_and_where(office):
    office.say(journey="cart", step="tell")
    office.deliver()
    (sent,) = office.results()
    said = sent.properties
    assert (said["message"], said["destination"], said["attempt"]) == ("effect-0", "crm", 1)
    assert said["latency_us"] >= 0
    assert (said["journey"], said["step"]) == ("cart", "tell")


def test_an_answer_is_in_the_record_only_where_it_is_waited_for(tmp_path):
    office = Office(tmp_path, Outcome("sent", reply={"id": 7}), Outcome("sent", reply={"id": 8}))
    office.say(reply=True)
    office.deliver()
    office.say()
    office.deliver()
    first, second = office.results()
    assert first.properties["reply"] == {"id": 7}
    assert "reply" not in second.properties


def test_many_go_out_in_any_order_and_each_once(office):
    office.say(300)
    office.deliver()
    assert sorted(office.book.came) == sorted(f"effect-{at}" for at in range(300))
    assert office.rows() == []


def test_a_batch_is_never_larger_than_the_destination_takes(tmp_path):
    office = Office(tmp_path)
    kind = type("Batching", (Recorder,), {"batch": 10}, frozen=True, kw_only=True, tag="batching")
    office.recorders["crm"] = kind(destination="crm", book=office.book, rate=Rate(concurrency=1))
    office.say(95)
    office.deliver()
    assert max(office.book.sizes) == 10
    assert sum(office.book.sizes) == 95


def test_what_failed_for_now_goes_again_when_its_time_has_come(tmp_path):
    office = Office(tmp_path, BROKEN)
    office.say()
    office.deliver()
    assert office.names() == ["webhook.attempted"]
    assert office.row().next_us > office.now_us or office.row().state == "pending"
    office.pass_time(2 * MINUTE)
    office.deliver()
    assert office.names() == ["webhook.attempted", "webhook.sent"]
    assert office.results()[1].properties["attempt"] == 2


def test_an_attempt_is_a_record_with_its_reason_and_latency(tmp_path):
    office = Office(tmp_path, BROKEN)
    office.say()
    office.deliver()
    (told,) = office.results()
    assert told.properties["reason"] == "answered 503"
    assert told.properties["attempt"] == 1
    assert told.properties["latency_us"] >= 0


def test_retry_after_is_waited_for(tmp_path):
    office = Office(tmp_path, Outcome("retry", "answered 429", after_us=30 * MINUTE))
    office.say()
    office.deliver()
    office.pass_time(29 * MINUTE)
    office.deliver()
    assert len(office.book.came) == 1
    office.pass_time(MINUTE)
    office.deliver()
    assert len(office.book.came) == 2


def test_after_ten_attempts_it_is_dead_and_keeps_what_was_said_and_answered(tmp_path):
    answers = [Outcome("retry", "answered 503", response="try later, ann@example.com")] * 10
    office = Office(tmp_path, *answers)
    office.say(body={"to": "ann@example.com"})
    for _ in range(10):
        office.deliver()
        office.pass_time(20 * MINUTE)
    row = office.row()
    assert (row.state, row.reason, len(row.attempts)) == ("dead", "answered 503", 10)
    assert row.response == "try later, a…@example.com"
    assert "a…@example.com" in row.request
    assert office.names()[-1] == "webhook.failed"
    assert office.names().count("webhook.attempted") == 9


def test_what_is_refused_for_good_is_dead_at_once(tmp_path):
    office = Office(tmp_path, Outcome("dead", "answered 422", response="no such field"))
    office.say()
    office.deliver()
    assert (office.row().state, office.row().response) == ("dead", "no such field")
    assert office.names() == ["webhook.failed"]


def test_each_parcel_of_a_batch_has_its_own_answer(tmp_path):
    office = Office(tmp_path, Outcome("sent"), Outcome("dead", "answered 422"), BROKEN)
    kind = type("Batched", (Recorder,), {"batch": 3}, frozen=True, kw_only=True, tag="batched")
    office.recorders["crm"] = kind(destination="crm", book=office.book, rate=Rate(concurrency=1))
    office.say(3)
    office.deliver()
    assert sorted(row.state for row in office.rows()) == ["dead", "pending"]


def test_401_pauses_the_destination_says_what_to_do_and_burns_no_attempt(tmp_path):
    office = Office(tmp_path, Outcome("paused", "answered 401"))
    office.say()
    office.deliver()
    office.say(3)
    office.deliver()
    assert len(office.book.came) == 1
    assert {(row.state, row.attempt) for row in office.rows()} == {("pending", 0)}
    (alert,) = office.results("destination.")
    assert (alert.name, alert.properties["destination"]) == ("destination.paused", "crm")
    assert "journeyfold destination resume crm" in alert.properties["next"]
    (sentence,) = office.reported
    assert "deliveries to crm wait: answered 401; " in sentence


def test_a_pause_holds_in_the_next_process_too(tmp_path):
    office = Office(tmp_path, Outcome("paused", "answered 403"))
    office.say()
    office.deliver()
    office.begin()
    office.deliver()
    assert len(office.book.came) == 1


def test_a_resumed_destination_gets_what_waited(tmp_path):
    office = Office(tmp_path, Outcome("paused", "answered 401"))
    office.say(2)
    office.deliver()
    office.ask("destination.resumed", destination="crm")
    office.deliver()
    assert office.rows() == []
    assert office.names().count("webhook.sent") == 2


def test_410_disables_it(tmp_path):
    office = Office(tmp_path, Outcome("disabled", "answered 410"))
    office.say()
    office.deliver()
    (alert,) = office.results("destination.")
    assert alert.name == "destination.disabled"


def test_a_secret_that_is_missing_pauses_and_rows_wait(office):
    office.book.problem = UsageError("the environment variable CRM is not set")
    office.say()
    office.deliver()
    assert office.row().state == "pending"
    (alert,) = office.results("destination.")
    assert "CRM is not set" in alert.properties["reason"]


def test_once_the_secret_is_there_a_new_start_is_enough(office):
    office.book.problem = UsageError("the environment variable CRM is not set")
    office.say()
    office.deliver()
    office.book.problem = None
    office.begin()
    office.deliver()
    assert office.names()[-1] == "webhook.sent"


def test_five_that_reach_nobody_open_the_breaker_and_burn_nothing_more(tmp_path):
    office = Office(tmp_path, *[REFUSED] * 5, rate=Rate(concurrency=1))
    office.say(40)
    office.deliver()
    assert len(office.book.came) == 5
    assert sum(row.attempt for row in office.rows()) == 5


def test_after_thirty_seconds_one_probe_goes_and_then_all(tmp_path):
    office = Office(tmp_path, *[REFUSED] * 6, rate=Rate(concurrency=1))
    office.say(40)
    office.deliver()
    office.pass_time(31_000_000)
    office.deliver()
    assert len(office.book.came) == 6
    office.pass_time(31_000_000)
    office.deliver()
    assert len(office.book.came) == 6  # the second wait is twice as long
    office.pass_time(31 * MINUTE)
    office.deliver()
    assert office.rows() == []


def test_a_rate_is_kept_and_everything_goes_in_the_end(tmp_path):
    office = Office(tmp_path, rate=Rate(per_second=10, burst=5))
    office.say(40)
    office.deliver()
    assert len(office.book.came) == 5
    for _ in range(4):
        office.pass_time(1_000_000)
        office.deliver()
    assert len(office.book.came) == 25


def test_a_destination_that_hangs_delays_no_other(tmp_path):
    held = threading.Event()
    healthy = Book()
    office = Office(
        tmp_path, *[held] * 2,
        other=Recorder(destination="other", book=healthy, rate=Rate(concurrency=2)),
    )  # fmt: skip
    office.say(50)
    office.stage(*[effect(at, "other", due_us=office.now_us) for at in range(1_000, 1_200)])
    try:
        for _ in range(400):
            office.dispatcher.listen(0.01)
            office.dispatcher.turn()
            if len(healthy.came) == 200 and len(office.book.came) == 2:
                break
        assert len(healthy.came) == 200
        assert len(office.book.came) == 2
    finally:
        held.set()
    office.deliver()
    assert office.rows() == []


def test_a_destination_that_raises_is_tried_again(tmp_path):
    office = Office(tmp_path, ValueError("a bug"))
    office.say()
    office.deliver()
    office.pass_time(MINUTE)
    office.deliver()
    assert office.names() == ["webhook.attempted", "webhook.sent"]
    assert "ValueError: a bug" in office.results()[0].properties["reason"]


def test_what_must_not_arrive_twice_is_unknown_when_the_answer_is(tmp_path):
    office = Office(tmp_path, Outcome("unknown", "no whole answer"), delivery="at_most_once")
    office.say()
    office.deliver()
    office.pass_time(DAY)
    office.deliver()
    assert len(office.book.came) == 1
    assert (office.row().state, office.names()) == ("unknown", ["webhook.unknown"])


def test_what_may_arrive_twice_goes_again_when_the_answer_is_unknown(tmp_path):
    office = Office(tmp_path, Outcome("unknown", "no whole answer"))
    office.say()
    office.deliver()
    office.pass_time(MINUTE)
    office.deliver()
    assert len(office.book.came) == 2


def test_at_most_once_leases_one_row_a_connection(tmp_path):
    held = threading.Event()
    office = Office(tmp_path, *[held] * 2, delivery="at_most_once")
    office.say(50)
    try:
        for _ in range(20):
            office.dispatcher.listen(0.01)
            office.dispatcher.turn()
        assert sum(row.state == "leased" for row in office.rows()) == 2
    finally:
        held.set()
    office.deliver()
    assert len(office.book.came) == 50


# -- a process that ended ---------------------------------------------------------------------


def interrupted(office, **payload):
    """A row that was leased when the process ended."""
    (made,) = office.say(**payload)
    with office.state.write() as writer:
        outbox.put(writer, leased(outbox.row_at(writer, made.key), "work", office.now_us))
    return made


def test_after_a_crash_a_leased_row_goes_again(office):
    interrupted(office)
    office.begin()
    office.deliver()
    assert office.book.came == ["effect-0"]
    assert office.rows() == []


def test_after_a_crash_what_must_not_go_twice_is_unknown_and_listed(tmp_path):
    office = Office(tmp_path, delivery="at_most_once")
    interrupted(office)
    office.begin()
    office.deliver()
    assert office.book.came == []
    assert office.row().state == "unknown"
    assert office.names() == ["webhook.unknown"]


@pytest.mark.parametrize("delivery", ["at_least_once", "at_most_once"])
def test_jt24_after_a_crash_a_result_that_the_log_has_is_enough(tmp_path, delivery):
    office = Office(tmp_path, delivery=delivery)
    made = interrupted(office)
    office.record_result(made, "sent")
    office.begin()
    office.deliver()
    assert (office.book.came, office.rows()) == ([], [])
    assert office.names() == ["webhook.sent"]


def test_a_row_of_before_whose_result_the_log_has_is_not_sent(office):
    made = effect(7, due_us=office.now_us)
    with office.state.write() as writer:
        outbox.stage(writer, [made])
    office.record_result(made, "sent")
    office.begin()
    office.deliver()
    assert (office.book.came, office.rows()) == ([], [])


def test_a_row_that_kills_the_process_each_time_is_given_up_in_the_end(office):
    interrupted(office)
    for _ in range(100):
        with office.state.write() as writer:
            for row in list(outbox.rows(writer)):
                if row.state == "pending":
                    outbox.put(writer, leased(row, "work", office.now_us))
        office.begin()
    assert office.row().state == "dead"
    assert office.book.came == []


# -- by hand ----------------------------------------------------------------------------------


def test_dead_rows_are_sent_again_by_a_filter(tmp_path):
    office = Office(tmp_path, *[Outcome("dead", "answered 422")] * 3)
    office.say(2, journey="cart")
    office.say(1, journey="welcome")
    office.deliver()
    office.command("outbox.retry", journey="cart")
    office.deliver()
    assert sorted(office.book.came) == ["effect-0", "effect-0", "effect-1", "effect-1", "effect-2"]
    assert [row.key for row in office.rows()] == ["effect-2"]


def test_what_was_sent_again_by_hand_has_a_result_of_its_own(tmp_path):
    office = Office(tmp_path, *[Outcome("dead", "answered 422")] * 2)
    office.say()
    office.deliver()
    for number in range(2):
        office.command("outbox.retry", number)
        office.deliver()
    ids = [each.id for each in office.results()]
    assert ids == ["effect-0/failed", "effect-0/failed/1", "effect-0/sent/2"]


def test_retry_leaves_unknown_rows_and_resend_sends_them(tmp_path):
    office = Office(tmp_path, Outcome("unknown", "no answer"), delivery="at_most_once")
    office.say()
    office.deliver()
    office.command("outbox.retry")
    office.deliver()
    assert office.row().state == "unknown"
    office.command("outbox.resend")
    office.deliver()
    assert (office.rows(), len(office.book.came)) == ([], 2)


def test_dropped_rows_are_gone(tmp_path):
    office = Office(tmp_path, Outcome("dead", "answered 422"))
    office.say()
    office.deliver()
    office.command("outbox.drop", state="dead")
    assert office.rows() == []


def test_retry_of_what_waits_does_not_wait_for_its_next_attempt(tmp_path):
    office = Office(tmp_path, Outcome("retry", "answered 429", after_us=DAY))
    office.say()
    office.deliver()
    office.command("outbox.retry", destinations=["crm"])
    office.deliver()
    assert office.rows() == []


def test_dead_rows_go_after_thirty_days(tmp_path):
    office = Office(tmp_path, Outcome("dead", "answered 422"))
    office.say()
    office.deliver()
    office.pass_time(29 * DAY)
    office.deliver()
    assert len(office.rows()) == 1
    office.pass_time(2 * DAY)
    office.deliver()
    assert office.rows() == []


# -- time ---------------------------------------------------------------------------------------


def test_what_expired_while_it_waited_is_skipped_with_its_reason(office):
    office.say(expires_us=office.now_us + MINUTE)
    office.pass_time(MINUTE)
    office.deliver()
    assert office.book.came == []
    (skipped,) = office.results()
    assert (skipped.name, skipped.properties["gate"]) == ("webhook.skipped", "expired")


def test_a_row_that_is_due_later_waits(office):
    office.stage(effect(1, due_us=office.now_us + MINUTE))
    office.deliver()
    assert office.book.came == []
    office.pass_time(MINUTE)
    office.deliver()
    assert office.book.came == ["effect-1"]


def test_a_clock_that_jumps_ahead_sends_nothing_twice(tmp_path):
    office = Office(tmp_path, *[BROKEN] * 3)
    office.say(20)
    office.deliver()
    office.pass_time(400 * DAY)
    office.deliver()
    assert office.rows() == []
    assert office.names().count("webhook.sent") == 20


def test_a_clock_that_goes_back_stops_nothing(tmp_path):
    """`work` hands over a clock that never does; the dispatcher bears one that does."""
    office = Office(tmp_path, rate=Rate(per_second=10, burst=10))
    office.say(10)
    office.deliver()
    office.pass_time(-60 * MINUTE)
    office.say(10)
    office.deliver()
    for _ in range(3):
        office.pass_time(1_000_000)
        office.deliver()
    assert len(office.book.came) == 20


# -- stores that fail ---------------------------------------------------------------------------


class Full(MemoryState):
    """The disk is full for so many commits; `grown` is a map that had to grow."""

    problems = ()

    @contextmanager
    def write(self):
        with super().write() as writer:
            yield writer
            if self.problems:
                raise self.problems.pop()


@pytest.mark.parametrize("problem", [Busy("the disk is full"), StateGrew("repeat the batch")])
def test_a_commit_that_fails_loses_and_doubles_nothing(tmp_path, problem):
    office = Office(tmp_path, delivery="at_most_once")
    office.state.__class__ = Full
    office.say(40)
    for _ in range(200):
        office.dispatcher.listen(0.005)
        office.state.problems = [problem]
        for _ in range(2):  # what fails is repeated
            with suppress(Busy, StateGrew):
                office.dispatcher.turn()
        office.fold()
        if not office.rows():
            break
    assert sorted(office.book.came) == sorted(f"effect-{at}" for at in range(40))
    assert office.names() == ["webhook.sent"] * 40


def test_a_lane_whose_store_fails_keeps_its_rows(office):
    prepare, asked = office.lanes._prepare, []

    def fails_once(rows, destined):
        asked.append(len(rows))
        if len(asked) == 1:
            raise Busy("not just now")
        return prepare(rows, destined)

    office.lanes._prepare = fails_once
    office.say()
    office.deliver()
    assert (office.rows(), office.book.came) == ([], ["effect-0"])
    assert office.results()[0].properties["attempt"] == 1


def test_a_lane_that_breaks_ends_the_process(office):
    """Its rows are leased, and only another process can take them up."""

    def broken(_rows, _destined):
        raise ZeroDivisionError("a bug of ours")

    office.lanes._prepare = broken
    office.say()
    with pytest.raises(ZeroDivisionError):
        office.deliver()
    office.begin()
    office.deliver()
    assert office.rows() == []


def test_a_row_that_cannot_be_made_is_dead_with_its_reason_and_keeps_no_other(office):
    broken = effect(1, due_us=office.now_us, kind="letter")
    office.stage(broken, effect(2, due_us=office.now_us))
    office.deliver()
    assert office.book.came == ["effect-2"]
    assert "letter" in office.row().reason


# -- a state that is built anew -----------------------------------------------------------------


def test_a_process_sends_nothing_before_it_has_folded_what_the_log_held(office):
    """A withdrawal may stand there that the state does not know of yet."""
    office.begin()
    office.dispatcher._begun = (office.log.head()[0] + 1, 0)
    office.dispatcher._has_caught_up = False
    office.say()
    office.dispatcher.listen(0.01)
    office.dispatcher.turn()
    assert office.book.came == []
    office.track(
        "Product Viewed", {"sku": "S1", "name": "x", "category": "c", "price": 1.0}, user="a"
    )
    office.deliver()
    assert office.book.came == ["effect-0"]


def test_leases_that_were_in_a_lost_state_are_doubted(tmp_path):
    """Nobody knows which of them were on their way (journeys A2)."""
    office = Office(tmp_path, delivery="at_most_once")
    office.say()
    office.dispatcher.listen(0.01)
    office.dispatcher.turn()  # the mark is made before the lease
    office.lose_state()
    waits = effect(5, delivery="at_most_once", due_us=office.now_us)
    office.restage(waits, effect(6, due_us=office.now_us))
    office.deliver()
    assert "effect-5" not in office.book.came
    assert "effect-6" in office.book.came
    assert (office.row().key, office.row().state) == ("effect-5", "unknown")


def test_without_a_lease_a_lost_state_is_only_folded_again(tmp_path):
    office = Office(tmp_path, delivery="at_most_once")
    office.lose_state()
    office.restage(effect(5, delivery="at_most_once", due_us=office.now_us))
    office.deliver()
    assert office.book.came == ["effect-5"]


def test_a_clean_stop_takes_the_mark_away(tmp_path):
    office = Office(tmp_path, delivery="at_most_once")
    office.dispatcher.start()
    office.say(5)
    until_s = time.monotonic() + 10
    while office.rows() and time.monotonic() < until_s:
        time.sleep(0.01)
    assert office.marks.numbers == {"outbox_leases": 1}
    office.dispatcher.close()
    assert office.marks.numbers == {"outbox_leases": 0}
