"""The keys of a data directory: made once, asked for by name when they are gone."""

import pytest

from journeyfold.adapters.keyring import ROOT_KEY_VARIABLE, Keyring
from journeyfold.core.errors import DamageError, FormatError


def test_the_root_key_is_made_at_first_use_and_said_to_be(tmp_path):
    assert Keyring.open(tmp_path).root_was_created
    assert not Keyring.open(tmp_path).root_was_created
    assert (tmp_path / "keys" / "root.key").stat().st_mode & 0o777 == 0o600


def test_what_is_sealed_is_opened_by_another_process(tmp_path):
    sealed = Keyring.open(tmp_path).seal("event", 1, b"body")
    assert Keyring.open(tmp_path).unseal("event", 1, *sealed) == b"body"


def test_two_bodies_never_share_a_nonce(tmp_path):
    keyring = Keyring.open(tmp_path)
    assert keyring.seal("event", 1, b"body")[1:] != keyring.seal("event", 1, b"body")[1:]


@pytest.mark.parametrize(("kind", "v"), [("decision", 1), ("event", 2)])
def test_a_body_sealed_as_one_thing_does_not_open_as_another(tmp_path, kind, v):
    keyring = Keyring.open(tmp_path)
    with pytest.raises(DamageError):
        keyring.unseal(kind, v, *keyring.seal("event", 1, b"body"))


def test_a_body_of_another_workspace_does_not_open(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    sealed = Keyring.open(tmp_path / "a").seal("event", 1, b"body")
    with pytest.raises(FormatError, match=sealed[0].hex()):
        Keyring.open(tmp_path / "b").unseal("event", 1, *sealed)


def test_each_use_has_its_own_key_and_keeps_it(tmp_path):
    keyring = Keyring.open(tmp_path)
    labels = ("integrity", "node", "suppress", "link", "cursor", "wrap")
    keys = [keyring.derive(label) for label in labels]
    assert len({*keys}) == len(labels)
    assert keys == [Keyring.open(tmp_path).derive(label) for label in labels]


def test_rotation_seals_anew_and_still_opens_the_old(tmp_path):
    keyring = Keyring.open(tmp_path)
    old = keyring.seal("event", 1, b"old")
    key_id = keyring.rotate()
    assert keyring.seal("event", 1, b"new")[0] == key_id != old[0]
    assert keyring.unseal("event", 1, *old) == b"old"
    assert Keyring.open(tmp_path).unseal("event", 1, *old) == b"old"


def test_rotation_by_another_process_is_noticed(tmp_path):
    here, there = Keyring.open(tmp_path), Keyring.open(tmp_path)
    there.rotate()
    assert here.unseal("event", 1, *there.seal("event", 1, b"new")) == b"new"


def test_a_missing_root_key_is_asked_for_by_the_data_key_it_opens(tmp_path):
    key_id = Keyring.open(tmp_path).seal("event", 1, b"")[0]
    (tmp_path / "keys" / "root.key").unlink()
    with pytest.raises(FormatError, match=key_id.hex()):
        Keyring.open(tmp_path)
    assert not (tmp_path / "keys" / "root.key").exists()


def test_a_wrong_root_key_is_refused_by_the_data_key_it_does_not_open(tmp_path):
    key_id = Keyring.open(tmp_path).seal("event", 1, b"")[0]
    (tmp_path / "keys" / "root.key").write_text("ab" * 32)
    with pytest.raises(FormatError, match=key_id.hex()):
        Keyring.open(tmp_path)


def test_a_root_key_that_is_none_is_refused(tmp_path):
    Keyring.open(tmp_path)
    (tmp_path / "keys" / "root.key").write_bytes(b"\xff not hex")
    with pytest.raises(FormatError, match="64 hexadecimal digits"):
        Keyring.open(tmp_path)


def test_a_log_without_its_keys_makes_no_new_ones(tmp_path):
    (tmp_path / "log.sqlite").touch()
    with pytest.raises(FormatError, match="nothing was created"):
        Keyring.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["log.sqlite"]


def test_the_root_key_may_live_elsewhere(tmp_path, monkeypatch):
    data, root = tmp_path / "data", tmp_path / "root.key"
    data.mkdir()
    monkeypatch.setenv(ROOT_KEY_VARIABLE, str(root))
    with pytest.raises(FormatError, match="is missing"):
        Keyring.open(data)
    root.write_text("cd" * 32 + "\n")
    assert not Keyring.open(data).root_was_created
    assert not (data / "keys" / "root.key").exists()


def test_neither_the_root_nor_a_data_key_is_stored_in_the_clear(tmp_path):
    keyring = Keyring.open(tmp_path)
    stored = (tmp_path / "keys" / "data.keys").read_bytes()
    root = (tmp_path / "keys" / "root.key").read_bytes().strip()
    assert root not in stored
    assert keyring.derive("wrap") not in stored
