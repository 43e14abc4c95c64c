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
            for batch in batches:
                with state.write() as writer:
                    for key, value in batch:
                        if value is None:
                            writer.delete("profile", key)
                            model.pop(key, None)
                        else:
                            writer.put("profile", key, value)
                            model[key] = value
            with state.read() as reader:
                found = list(reader.scan("profile", start, stop))
            state.close()
        within = [key for key in sorted(model) if key >= start and (stop is None or key < stop)]
        assert found == [(key, model[key]) for key in within]
