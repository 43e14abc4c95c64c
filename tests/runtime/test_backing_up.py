"""A backup holds what cannot be computed again, is verified, and is there as a whole or not at all."""

import msgspec
import pytest

from journeyfold.adapters.admin_audit import By
from journeyfold.core.errors import DamageError, UsageError
from journeyfold.core.event import Event
from journeyfold.core.ports import Entry
from journeyfold.runtime.backing_up import BackupList, back_up
from journeyfold.runtime.workspace import Workspace, place_of

NOW_US = 1_790_000_000_000_000


@pytest.fixture
def workspace(shop):
    shop = shop
    for number in range(9):
        event = Event(
            id=f"e{number}", name="Said", type="track", source="shop_server", identifiers=(),
            occurred_us=NOW_US, received_us=NOW_US, context={"auth": "server"},
        )  # fmt: skip
        shop.log.append([Entry(event)], now_us=NOW_US)
    admin = shop.open_admin()
    admin.keys.create_key("pub", "shop_web", "dev", By("ada", "admin", NOW_US))
    admin.close()
    return shop


def backed_up(workspace, to):
    return back_up(workspace, to, lambda *_: None)


def names(directory):
    return {
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    }


def test_a_backup_holds_what_cannot_be_computed_again_and_not_the_root_key(workspace, tmp_path):
    report = backed_up(workspace, tmp_path / "copy")
    expected = {"log.sqlite", "admin.sqlite", "keys/data.keys", "FORMAT", "BACKUP"}
    assert names(tmp_path / "copy") == expected
    assert report.records == 10
    assert report.root_key == str(workspace.place.data / "keys" / "root.key")


def test_a_backup_holds_the_last_snapshots_of_tables(workspace, tmp_path):
    room = workspace.place.data / "snapshots" / "crm"
    room.mkdir(parents=True)
    for name in ("7.keys", "8.rows", "8.keys.new"):
        (room / name).write_bytes(b"rows")
    backed_up(workspace, tmp_path / "copy")
    found = {each for each in names(tmp_path / "copy") if each.startswith("snapshots/")}
    assert found == {"snapshots/crm/7.keys"}


def test_a_copy_with_the_root_key_is_a_data_directory(workspace, tmp_path):
    backed_up(workspace, tmp_path / "copy")
    root = (workspace.place.data / "keys" / "root.key").read_bytes()
    (tmp_path / "copy" / "keys" / "root.key").write_bytes(root)
    copy = Workspace(place_of(workspace.place.directory, tmp_path / "copy"))
    assert copy.log.read(-1, 100) == workspace.log.read(-1, 100)
    assert copy.project_in_force().hash == workspace.project_in_force().hash
    admin = copy.open_admin()
    assert [key.source for key in admin.keys.keys()] == ["shop_web"]  # noqa: SIM118 - a store
    admin.close()
    copy.close()


def test_the_list_names_each_file_with_its_digest(workspace, tmp_path):
    backed_up(workspace, tmp_path / "copy")
    listed = msgspec.json.decode((tmp_path / "copy" / "BACKUP").read_bytes(), type=BackupList)
    assert set(listed.files) == names(tmp_path / "copy") - {"BACKUP"}
    assert listed.last_offset == 9


def test_an_empty_directory_is_taken(workspace, tmp_path):
    (tmp_path / "copy").mkdir()
    assert backed_up(workspace, tmp_path / "copy").records == 10


def test_nothing_is_written_over(workspace, tmp_path):
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mine").write_text("mine")
    with pytest.raises(UsageError, match="not an empty directory"):
        backed_up(workspace, tmp_path / "copy")
    assert names(tmp_path / "copy") == {"mine"}


def test_a_copy_that_does_not_verify_is_thrown_away(workspace, tmp_path):
    workspace.log._write.execute("UPDATE record SET body = x'00' WHERE offset = 4")
    with pytest.raises(DamageError, match="record 4"):
        backed_up(workspace, tmp_path / "copy")
    assert not list(tmp_path.glob("copy*"))


def test_an_edited_audit_is_said(workspace, tmp_path):
    admin = workspace.open_admin()
    admin._connection.execute("UPDATE audit SET actor = 'eve' WHERE seq = 1")
    admin.close()
    with pytest.raises(DamageError, match="row 1 of the audit"):
        backed_up(workspace, tmp_path / "copy")
