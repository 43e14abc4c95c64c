"""Transactions of an import, written one at a time while the next rows are judged (ADR 36)."""

import threading

import pytest

from journeyfold.collect.appending import Appending
from journeyfold.core.errors import Busy
from journeyfold.core.ports import Cursor, Fate

CURSOR = Cursor("import/shop", b"")


class Log:
    def __init__(self):
        self.batches, self.may_write = [], threading.Event()

    def __call__(self, items, *, rejected, cursor):
        assert self.may_write.wait(60)
        self.batches.append(list(items))
        return [Fate("appended", number) for number, _ in enumerate(items)]


def test_whoever_begins_an_append_goes_on_before_it_is_written():
    log = Log()
    with Appending(log) as appending:
        appending.begin(["a"], rejected=[], cursor=CURSOR)
        assert log.batches == []
        log.may_write.set()
        assert appending.settle() == [Fate("appended", 0)]
    assert log.batches == [["a"]]


def test_nothing_begun_is_nothing_to_settle():
    with Appending(Log()) as appending:
        assert appending.settle() == []


def test_a_second_append_is_not_begun_before_the_first_is_settled():
    log = Log()
    log.may_write.set()
    with Appending(log) as appending:
        appending.begin(["a"], rejected=[], cursor=CURSOR)
        with pytest.raises(AssertionError, match="settle the last one first"):
            appending.begin(["b"], rejected=[], cursor=CURSOR)


def test_leaving_waits_for_what_was_begun():
    log = Log()
    with Appending(log) as appending:
        appending.begin(["a"], rejected=[], cursor=CURSOR)
        threading.Timer(0.05, log.may_write.set).start()
    assert log.batches == [["a"]]


def test_an_append_that_fails_is_told_when_it_is_settled():
    def full(_items, *, rejected, cursor):
        raise Busy("log.sqlite cannot grow: the disk is full", retry_after_s=5)

    with Appending(full) as appending:
        appending.begin(["a"], rejected=[], cursor=CURSOR)
        with pytest.raises(Busy, match="the disk is full"):
            appending.settle()
