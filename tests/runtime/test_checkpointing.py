"""Checkpoints beside the fold."""

import threading

import pytest

from journeyfold.core.errors import EngineError
from journeyfold.runtime.checkpointing import Checkpointing


def test_checkpoints_come_again_and_again_until_they_are_closed():
    thrice = threading.Semaphore(0)
    beside = Checkpointing(thrice.release, pause_s=0.001)
    assert all(thrice.acquire(timeout=5) for _ in range(3))
    beside.close()
    while thrice.acquire(blocking=False):
        pass
    assert not thrice.acquire(timeout=0.01)


def test_a_log_that_does_not_work_is_told_to_the_fold():
    def fails():
        failing.set()
        raise EngineError("log.sqlite does not work")

    failing = threading.Event()
    beside = Checkpointing(fails, pause_s=0.001)
    assert failing.wait(5)
    beside.close()
    with pytest.raises(EngineError, match="does not work"):
        beside.require_going()
