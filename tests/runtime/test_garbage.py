"""Fewer searches for cycles while a command folds."""

from __future__ import annotations

import gc

import pytest

from journeyfold.runtime.garbage import THRESHOLDS, rare_collections


def test_collections_are_rare_inside_and_as_before_afterwards() -> None:
    before = gc.get_threshold()
    with rare_collections():
        assert gc.get_threshold() == THRESHOLDS
    assert gc.get_threshold() == before


def test_a_failure_leaves_collections_as_they_were() -> None:
    before = gc.get_threshold()
    with pytest.raises(KeyError), rare_collections():
        raise KeyError
    assert gc.get_threshold() == before
