"""Group commit: shared transactions, whole requests, honest refusals."""

import asyncio
import threading
import time

import pytest

from journeyfold.adapters.appender import QUEUE_RECORDS, Appender
from journeyfold.adapters.memory import MemoryLog
from journeyfold.core.errors import Busy, EngineError
from journeyfold.testing.contracts.log import NOON_US, entry, held


class Noon:
    def now_us(self):
        return NOON_US


class WatchedLog(MemoryLog):
    """Counts its batches; can be told to wait or to fail."""

    def __init__(self):
        super().__init__()
        self.batches = []
        self.failure = None
        self.may_go = threading.Event()
        self.may_go.set()

    def append(self, items, **parts):
        self.may_go.wait(5)
        if self.failure:
            raise self.failure
        fates = super().append(items, **parts)
        self.batches.append(len(items))
        return fates


@pytest.fixture
def log():
    return WatchedLog()


@pytest.fixture
def appender(log):
    appender = Appender(log, Noon())
    yield appender
    log.may_go.set()
    appender.close()


def test_a_submission_is_answered_after_its_commit(log, appender):
    async def scenario():
        return await appender.submit([entry("a"), held("b")], rejected=[("web", 3)])

    assert [fate.fate for fate in asyncio.run(scenario())] == ["appended", "quarantined"]
    assert log.head()[0] == 0
    assert log.marks.totals()[0].rejected == 3


def test_requests_that_arrive_together_share_a_commit_and_get_their_own_fates(log, appender):
    async def scenario():
        submitted = [appender.submit([entry("a"), entry(str(at))]) for at in range(10)]
        return await asyncio.gather(*submitted)

    answers = asyncio.run(scenario())
    assert log.batches == [20]
    assert [fates[0].fate for fates in answers] == ["appended"] + ["duplicate"] * 9
    assert [fates[1].offset for fates in answers] == list(range(1, 11))


def test_enough_records_go_without_waiting_for_the_linger(log):
    appender = Appender(log, Noon(), linger_s=60)

    async def scenario():
        submitted = [appender.submit([entry(str(at))]) for at in range(256)]
        await asyncio.wait_for(asyncio.gather(*submitted), 5)

    asyncio.run(scenario())
    assert sum(log.batches) == 256
    appender.close()


def test_a_loop_with_nothing_more_at_hand_lets_its_group_go_at_once(log):
    appender = Appender(log, Noon(), linger_s=60)

    async def scenario():
        return await asyncio.wait_for(appender.submit([entry("a")]), 5)

    assert asyncio.run(scenario())[0].fate == "appended"
    appender.close()


def test_what_a_loop_had_at_hand_goes_in_one_commit(log):
    appender = Appender(log, Noon(), linger_s=60)

    async def request(name):
        return await appender.submit([entry(name)])

    async def scenario():
        await asyncio.wait_for(asyncio.gather(*map(request, "abcdefgh")), 5)

    asyncio.run(scenario())
    assert log.batches == [8]
    appender.close()


def test_a_group_waits_while_each_turn_of_the_loop_brings_another_submission(log):
    appender = Appender(log, Noon(), linger_s=60)

    async def scenario():
        submitted = [appender.submit([entry("first")])]
        for at in range(10):
            submitted.append(appender.submit([entry(str(at))]))
            time.sleep(0.001)  # noqa: ASYNC251 - the appender's thread has every chance to go
            await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.gather(*submitted), 5)

    asyncio.run(scenario())
    assert log.batches == [11]
    appender.close()


def test_a_full_queue_refuses_and_keeps_what_it_took(log, appender):
    async def scenario():
        log.may_go.clear()
        items = [entry(str(at)) for at in range(QUEUE_RECORDS)]
        taken = appender.submit(items)
        with pytest.raises(Busy, match="10000 records wait"):
            appender.submit([entry("one more")])
        log.may_go.set()
        return await taken

    assert len(asyncio.run(scenario())) == QUEUE_RECORDS
    assert log.find("web", "one more") is None


def test_a_queue_full_of_bytes_refuses_too(log, appender):
    async def scenario():
        log.may_go.clear()
        taken = appender.submit([entry("a")], size_bytes=32 * 2**20)
        with pytest.raises(Busy):
            appender.submit([entry("b")], size_bytes=1)
        log.may_go.set()
        await taken
        await appender.submit([entry("b")], size_bytes=1)

    asyncio.run(scenario())
    assert log.head()[0] == 1


def test_a_full_disk_is_busy_and_the_next_request_is_tried_again(log, appender):
    async def scenario():
        log.failure = Busy("the disk is full", retry_after_s=5)
        with pytest.raises(Busy) as refused:
            await appender.submit([entry("a")])
        assert refused.value.retry_after_s == 5
        log.failure = None
        await appender.submit([entry("a")])

    asyncio.run(scenario())
    assert log.head()[0] == 0


def test_after_an_engine_error_nothing_is_taken_any_more(log):
    failures = []
    appender = Appender(log, Noon(), on_failure=failures.append)

    async def scenario():
        log.failure = EngineError("log.sqlite does not work: disk I/O error")
        with pytest.raises(EngineError):
            await appender.submit([entry("a")])
        log.failure = None
        with pytest.raises(EngineError):
            appender.submit([entry("b")])

    asyncio.run(scenario())
    appender.close()
    assert len(failures) == 1
    assert log.head()[0] == -1


def test_one_impossible_event_does_not_fail_its_neighbours(log, appender):
    async def scenario():
        bad = entry("bad", properties={"n": 2**64})
        submitted = [appender.submit([item]) for item in (entry("a"), bad, entry("b"))]
        return await asyncio.gather(*submitted, return_exceptions=True)

    first, failed, last = asyncio.run(scenario())
    assert isinstance(failed, OverflowError)
    assert (first[0].offset, last[0].offset) == (0, 1)


def test_the_last_offset_is_told_after_a_commit_that_appended(log):
    heads = []
    appender = Appender(log, Noon(), on_commit=heads.append)

    async def scenario():
        await appender.submit([entry("a"), entry("b")])
        await appender.submit([entry("a")])

    asyncio.run(scenario())
    appender.close()
    assert heads == [1]


def test_closing_appends_what_was_taken(log):
    appender = Appender(log, Noon(), linger_s=60)

    async def scenario():
        taken = appender.submit([entry("a")])
        await asyncio.to_thread(appender.close)
        with pytest.raises(Busy, match="stopping"):
            appender.submit([entry("b")])
        return await taken

    assert asyncio.run(scenario())[0].fate == "appended"


def test_a_client_that_has_gone_does_not_take_its_events_back(log, appender):
    async def scenario():
        gone = appender.submit([entry("a")])
        gone.cancel()
        await appender.submit([entry("b")])

    asyncio.run(scenario())
    assert log.head()[0] == 1
