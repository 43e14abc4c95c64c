"""The promises of `StateStore`: ordered, transactional, readers keep what they began with."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journeyfold.core.ports import SPACES, StateStore

keys = st.binary(min_size=1, max_size=3)
changes = st.lists(st.tuples(keys, st.none() | st.binary(max_size=8)), max_size=8)


class StateContract:
    """Subclass it and say how to open a state in an empty directory."""

    @abstractmethod
    def open_state(self, directory: Path) -> StateStore: ...

    @pytest.fixture
    def state(self, tmp_path: Path) -> Iterator[StateStore]:
        state = self.open_state(tmp_path)
        yield state
        state.close()

    def test_a_missing_key_is_nothing(self, state: StateStore) -> None:
        with state.read() as reader:
            assert reader.get("profile", b"p1") is None
            assert list(reader.scan("profile")) == []

    def test_what_is_committed_is_read(self, state: StateStore) -> None:
        with state.write() as writer:
            writer.put("profile", b"p1", b"\x00value")
            writer.put("profile", b"p2", b"")
        with state.read() as reader:
            assert reader.get("profile", b"p1") == b"\x00value"
            assert reader.get("profile", b"p2") == b""

    def test_warming_and_trimming_change_nothing(self, state: StateStore) -> None:
        keys = [bytes([number]) for number in range(40)]
        with state.write() as writer:
            for key in keys[1:]:
                writer.put("profile", key, key * 9)
        state.warm("profile", keys)
        state.trim()
        with state.read() as reader:
            assert [reader.get("profile", key) for key in keys[1:]] == [key * 9 for key in keys[1:]]
            assert reader.get("profile", keys[0]) is None

    def test_a_writer_sees_its_own_changes(self, state: StateStore) -> None:
        with state.write() as writer:
            writer.put("wake", b"a", b"1")
            writer.put("wake", b"b", b"2")
            writer.delete("wake", b"a")
            assert writer.get("wake", b"a") is None
            assert list(writer.scan("wake")) == [(b"b", b"2")]

    def test_an_exception_rolls_everything_back(self, state: StateStore) -> None:
        with state.write() as writer:
            writer.put("profile", b"p1", b"old")
        with suppress(LookupError), state.write() as writer:
            writer.put("profile", b"p1", b"new")
            writer.put("outbox", b"o1", b"mail")
            raise LookupError
        with state.read() as reader:
            assert reader.get("profile", b"p1") == b"old"
            assert reader.get("outbox", b"o1") is None

    def test_what_is_staged_is_seen_by_what_is_staged_next(self, state: StateStore) -> None:
        with state.write() as writer:
            writer.put("wake", b"a", b"1")
            writer.put("wake", b"c", b"1")
        with state.staged() as writer:
            writer.put("wake", b"b", b"2")
            writer.delete("wake", b"c")
        with state.newest() as reader:
            assert list(reader.scan("wake")) == [(b"a", b"1"), (b"b", b"2")]
        with state.staged() as writer:
            assert (writer.get("wake", b"b"), writer.get("wake", b"c")) == (b"2", None)
            writer.put("wake", b"c", b"3")
            assert list(writer.scan("wake", b"b")) == [(b"b", b"2"), (b"c", b"3")]
        state.settle()

    def test_what_is_staged_is_committed_once_it_is_settled(self, state: StateStore) -> None:
        with state.staged() as writer:
            writer.put("profile", b"p1", b"new")
        state.settle()
        with state.read() as reader:
            assert reader.get("profile", b"p1") == b"new"

    def test_a_write_comes_after_what_is_staged(self, state: StateStore) -> None:
        with state.staged() as writer:
            writer.put("profile", b"p1", b"first")
        with state.write() as writer:
            assert writer.get("profile", b"p1") == b"first"
            writer.put("profile", b"p1", b"second")
        state.settle()
        with state.staged() as writer:
            assert writer.get("profile", b"p1") == b"second"
        state.settle()

    def test_a_write_between_two_that_are_staged_is_seen_by_the_second(
        self, state: StateStore
    ) -> None:
        """Deliveries are leased in a thread of their own while a late fold stages."""
        with state.staged() as writer:
            writer.put("meta", b"count", b"1")
        with state.write() as writer:
            writer.put("meta", b"count", b"2")
        with state.newest() as reader:
            assert reader.get("meta", b"count") == b"2"
        with state.staged() as writer:
            assert writer.get("meta", b"count") == b"2"
            writer.put("meta", b"count", b"3")
        state.settle()
        with state.read() as reader:
            assert reader.get("meta", b"count") == b"3"

    def test_an_exception_rolls_back_what_is_staged_and_not_the_one_before(
        self, state: StateStore
    ) -> None:
        with state.staged() as writer:
            writer.put("profile", b"p1", b"kept")
        with suppress(LookupError), state.staged() as writer:
            writer.put("profile", b"p1", b"lost")
            raise LookupError
        state.settle()
        with state.read() as reader:
            assert reader.get("profile", b"p1") == b"kept"

    def test_what_was_warmed_is_read_as_it_is_now(self, state: StateStore) -> None:
        keys = [bytes([number]) for number in range(40)]
        for value in (b"1", b"2", b"3"):
            with state.staged() as writer:
                for key in keys:
                    writer.put("profile", key, value)
            state.warm("profile", keys)
        with state.staged() as writer:
            assert {writer.get("profile", key) for key in keys} == {b"3"}
            writer.put("profile", keys[0], b"4")
            assert writer.get("profile", keys[0]) == b"4"
        state.settle()

    def test_a_reader_keeps_the_snapshot_it_began_with(self, state: StateStore) -> None:
        with state.write() as writer:
            writer.put("profile", b"p1", b"old")
        with state.read() as reader:
            with state.write() as writer:
                writer.put("profile", b"p1", b"new")
                writer.put("profile", b"p2", b"new")
            assert reader.get("profile", b"p1") == b"old"
            assert [key for key, _ in reader.scan("profile") if key != b"format"] == [b"p1"]

    def test_deleting_what_is_not_there_is_nothing(self, state: StateStore) -> None:
        with state.write() as writer:
            writer.delete("count", b"none")

    def test_spaces_do_not_share_keys(self, state: StateStore) -> None:
        with state.write() as writer:
            for space in SPACES:
                writer.put(space, b"key", space.encode())
        with state.read() as reader:
            assert [reader.get(space, b"key") for space in SPACES] == [
                space.encode() for space in SPACES
            ]

    def test_an_unknown_space_is_a_broken_promise(self, state: StateStore) -> None:
        with state.read() as reader, pytest.raises(KeyError):
            reader.get("profiles", b"p1")

    @settings(suppress_health_check=[HealthCheck.differing_executors])  # every engine runs it
    @given(st.lists(changes, max_size=3), st.binary(max_size=2), st.none() | st.binary(max_size=2))
    def test_it_is_an_ordered_map(
        self,
        batches: list[list[tuple[bytes, bytes | None]]],
        start: bytes,
        stop: bytes | None,
    ) -> None:
        model: dict[bytes, bytes] = {}
        with TemporaryDirectory() as directory:
            state = self.open_state(Path(directory))
            for number, batch in enumerate(batches):
                with state.staged() if number % 3 else state.write() as writer:
                    for key, value in batch:
                        if value is None:
                            writer.delete("profile", key)
                            model.pop(key, None)
                        else:
                            writer.put("profile", key, value)
                            model[key] = value
            with state.newest() as reader:
                newest = list(reader.scan("profile", start, stop))
            state.settle()
            with state.read() as reader:
                found = list(reader.scan("profile", start, stop))
            state.close()
        within = [key for key in sorted(model) if key >= start and (stop is None or key < stop)]
        assert found == newest == [(key, model[key]) for key in within]
