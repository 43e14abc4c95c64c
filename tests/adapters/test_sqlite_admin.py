"""Keys, users, sessions and the audit chain."""

import apsw
import pytest

from journeyfold.adapters.admin_audit import By
from journeyfold.adapters.admin_users import IDLE_US, LIFE_US
from journeyfold.adapters.sqlite_admin import SqliteAdmin
from journeyfold.core.errors import UsageError
from journeyfold.core.instant import DAY_US
from journeyfold.core.keys import opens, parse_key

NOW_US = 1_700_000_000_000_000
ADA = By("ada", "admin", NOW_US)
PASSWORD = "correct horse battery"

SWAP = """
UPDATE audit SET seq = -seq WHERE seq IN (3, 4);
UPDATE audit SET seq = 7 + seq WHERE seq < 0"""
FORGE = """
INSERT INTO audit SELECT 6, at_us, actor, role, act, object, before, after, hash, hash
FROM audit WHERE seq = 5"""


def at(us: int) -> By:
    return By("ada", "admin", us)


@pytest.fixture
def admin(tmp_path):
    admin = SqliteAdmin(tmp_path)
    yield admin
    admin.close()


def test_a_created_key_is_found_by_its_id_and_opened_by_its_secret(admin):
    key, text = admin.keys.create_key("pub", "web", "live", ADA, origins=("https://a.example",))
    parsed = parse_key(text)
    assert admin.keys.find_key(parsed.id) == key
    assert opens(key, parsed.secret)


def test_the_secret_of_a_key_is_nowhere_in_the_store(admin, tmp_path):
    _, text = admin.keys.create_key("srv", "shop", "live", ADA)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert parse_key(text).secret.encode() not in stored


def test_an_unknown_key_is_not_found(admin):
    assert admin.keys.find_key("0000000000") is None
    assert admin.keys.find_foreign("0000000000") is None


def test_a_revoked_key_is_not_live_and_stays_listed(admin):
    key, _ = admin.keys.create_key("pub", "web", "live", ADA)
    revoked = admin.keys.revoke_key(key.id, ADA)
    assert not revoked.is_live(NOW_US)
    assert admin.keys.keys("web") == [revoked]
    assert admin.keys.revoke_key(key.id, at(NOW_US + 5)) == revoked


def test_revoking_a_key_that_is_not_there_says_so(admin):
    with pytest.raises(UsageError, match="there is no key k1"):
        admin.keys.revoke_key("k1", ADA)


def test_a_rotated_key_lives_a_day_beside_its_successor(admin):
    old, _ = admin.keys.create_key("srv", "shop", "live", ADA, scopes=("collect",))
    new, _ = admin.keys.rotate_key(old.id, ADA)
    old = admin.keys.find_key(old.id)
    assert new.scopes == ("collect",)
    assert old.is_live(NOW_US + DAY_US - 1)
    assert not old.is_live(NOW_US + DAY_US)


def test_a_source_has_at_most_two_live_keys_of_a_kind(admin):
    for _ in range(2):
        admin.keys.create_key("pub", "web", "live", ADA)
    with pytest.raises(UsageError, match="has 2 live pub keys"):
        admin.keys.create_key("pub", "web", "live", ADA)
    admin.keys.create_key("srv", "web", "live", ADA)


def test_a_foreign_key_is_found_by_its_text(admin):
    key = admin.keys.add_foreign("old-vendor-key", "web", "live", ADA)
    assert admin.keys.find_foreign("old-vendor-key") == key
    assert admin.keys.add_foreign("old-vendor-key", "web", "live", ADA) == key
    with pytest.raises(UsageError, match="belongs to source web"):
        admin.keys.add_foreign("old-vendor-key", "app", "live", ADA)


def test_the_last_use_of_a_key_never_goes_back(admin):
    key, _ = admin.keys.create_key("pub", "web", "live", ADA)
    admin.keys.used({key.id: NOW_US + 9})
    admin.keys.used({key.id: NOW_US + 3})
    assert admin.keys.find_key(key.id).last_used_us == NOW_US + 9


def test_the_first_admin_is_made_once(admin):
    password = admin.users.create_first_admin(ADA)
    assert admin.users.create_first_admin(ADA) is None
    assert [(user.name, user.role) for user in admin.users.users()] == [("admin", "admin")]
    assert admin.users.sign_in("admin", password, NOW_US)


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(admin):
    admin.users.add_user("ada", "viewer", PASSWORD, ADA)
    assert admin.users.sign_in("ada", PASSWORD + "!", NOW_US) is None
    assert admin.users.sign_in("eve", PASSWORD, NOW_US) is None


def test_a_password_is_compared_in_normal_form(admin):
    admin.users.add_user("ada", "viewer", "caf\u00e9 au lait!", ADA)
    assert admin.users.sign_in("ada", "cafe\u0301 au lait!", NOW_US)


@pytest.mark.parametrize("password", ["short", "x" * 1_025])
def test_a_password_has_a_length(admin, password):
    with pytest.raises(UsageError, match="12 to 1024 bytes"):
        admin.users.add_user("ada", "viewer", password, ADA)


def test_a_user_exists_once(admin):
    admin.users.add_user("ada", "viewer", PASSWORD, ADA)
    with pytest.raises(UsageError, match="user ada exists"):
        admin.users.add_user("ada", "viewer", PASSWORD, ADA)


def test_a_session_ends_after_half_an_hour_without_use(admin):
    admin.users.add_user("ada", "viewer", PASSWORD, ADA)
    token = admin.users.sign_in("ada", PASSWORD, NOW_US)
    used_us = NOW_US + IDLE_US
    assert admin.users.session(token, used_us).user == "ada"
    assert admin.users.session(token, used_us + IDLE_US).role == "viewer"
    assert admin.users.session(token, used_us + 2 * IDLE_US + 1) is None
    assert admin.users.session(token, used_us) is None


def test_a_session_ends_after_half_a_day_however_busy(admin):
    admin.users.add_user("ada", "viewer", PASSWORD, ADA)
    token = admin.users.sign_in("ada", PASSWORD, NOW_US)
    for step in range(0, LIFE_US, IDLE_US):
        assert admin.users.session(token, NOW_US + step)
    assert admin.users.session(token, NOW_US + LIFE_US)
    assert admin.users.session(token, NOW_US + LIFE_US + 1) is None


def test_signing_out_ends_a_session(admin):
    admin.users.add_user("ada", "viewer", PASSWORD, ADA)
    token = admin.users.sign_in("ada", PASSWORD, NOW_US)
    admin.users.sign_out(token)
    assert admin.users.session(token, NOW_US) is None


def test_a_new_password_ends_all_sessions(admin):
    admin.users.add_user("ada", "viewer", PASSWORD, ADA)
    token = admin.users.sign_in("ada", PASSWORD, NOW_US)
    admin.users.set_password("ada", "another password", ADA)
    assert admin.users.session(token, NOW_US) is None
    assert admin.users.sign_in("ada", "another password", NOW_US)


def test_a_session_token_is_stored_hashed(admin, tmp_path):
    admin.users.add_user("ada", "viewer", PASSWORD, ADA)
    token = admin.users.sign_in("ada", PASSWORD, NOW_US)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert token.encode() not in stored
    assert bytes.fromhex(token) not in stored


def test_every_change_is_in_the_audit(admin):
    key, _ = admin.keys.create_key("pub", "web", "live", ADA)
    admin.keys.revoke_key(key.id, ADA)
    admin.users.add_user("bob", "viewer", PASSWORD, ADA)
    admin.audit.add(ADA, "profile.read", "node:ab", after="support case 7")
    acts = [(row.act, row.object) for row in reversed(admin.audit.rows())]
    assert acts == [
        ("key.create", key.id),
        ("key.revoke", key.id),
        ("user.create", "bob"),
        ("profile.read", "node:ab"),
    ]
    assert admin.audit.verify() is None


@pytest.mark.parametrize(
    ("edit", "first_bad"),
    [
        ("UPDATE audit SET actor = 'eve' WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 2", 2),
        ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 5", 5),
        (SWAP, 3),
        (FORGE, 6),
    ],
)
def test_an_edited_audit_names_the_first_bad_row(admin, tmp_path, edit, first_bad):
    for number in range(5):
        admin.audit.add(ADA, "read", str(number))
    with apsw.Connection(str(tmp_path / "admin.sqlite")) as intruder:
        intruder.execute(edit)
    assert admin.audit.verify() == first_bad


def test_the_admin_store_is_its_owners_only(admin, tmp_path):
    assert (tmp_path / "admin.sqlite").stat().st_mode & 0o077 == 0
