"""Files of a pattern: in the order of their names, each with its own cursor (issue 3)."""

import importlib.util
import sys
from pathlib import Path

import msgspec
import pytest

from journeyfold.collect.batch import Options, cursor_name, run_import
from journeyfold.collect.child import ImportFailed
from journeyfold.collect.folder import files_of, run_folder

_PATH = Path(__file__).with_name("import_kit.py")
if "import_kit" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("import_kit", _PATH)
    sys.modules["import_kit"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["import_kit"])
kit = sys.modules["import_kit"]

HEAD = "order,email,at,total\n"
ROW = "{0},p{0}@example.com,2026-01-01T10:00:00Z,{0}.5\n"


class Folder(kit.Shop):
    def __init__(self, directory, pattern="crm/*.csv"):
        (directory / "crm").mkdir(exist_ok=True)
        super().__init__(directory, {"csv": pattern, "types": kit.TYPES}, **kit.ORDERS)
        self.read = []

    def write(self, name, *numbers):
        (self.directory / "crm" / name).write_text(HEAD + "".join(map(ROW.format, numbers)))

    def import_all(self, *, limit=None, anew=False):
        self.read = []
        source = self.gate.source
        files = files_of(source, self.directory, str)
        cursor_of = lambda name: self.log.marks.cursor(cursor_name(source, name))  # noqa: E731

        def run_one(gate, name, cursor, rest, _seen):
            self.read.append(name)
            return run_import(
                gate, self.append, directory=self.directory, received_us=self.now_us,
                cursor=cursor, options=Options(limit=rest), file=name,
            )  # fmt: skip

        return run_folder(
            self.gate, files, cursor_of, run_one, limit=limit, anew=anew, dry_run=False
        )


@pytest.fixture
def folder(tmp_path):
    found = Folder(tmp_path)
    found.write("2026-02.csv", 3)
    found.write("2026-01.csv", 1, 2)
    return found


def test_files_are_read_in_the_order_of_their_names(folder):
    account = folder.import_all()
    assert [event.id for event in folder.events] == ["1", "2", "3"]
    assert (account.rows_read, account.appended, account.status) == (3, 3, "complete")


def test_tomorrows_file_is_all_that_tomorrow_reads(folder):
    folder.import_all()
    assert (folder.import_all().rows_read, folder.read) == (0, [])
    folder.write("2026-03.csv", 4)
    account = folder.import_all()
    assert (folder.read, account.appended) == (["2026-03.csv"], 1)


def test_a_changed_file_is_read_again_and_appends_what_is_new(folder):
    folder.import_all()
    folder.write("2026-01.csv", 1, 2, 5)
    account = folder.import_all()
    assert folder.read == ["2026-01.csv"]
    assert (account.appended, account.duplicate) == (1, 2)


def test_from_start_reads_every_file_again(folder):
    folder.import_all()
    assert folder.import_all(anew=True).duplicate == 3


def test_a_limit_counts_over_all_files_and_the_next_run_goes_on(folder):
    first = folder.import_all(limit=1)
    assert (first.rows_read, first.status, folder.read) == (1, "limited", ["2026-01.csv"])
    second = folder.import_all()
    assert (second.appended, second.duplicate) == (2, 0)


def test_a_run_that_died_goes_on_in_its_file(folder):
    folder.write("2026-01.csv", *range(100, 13_100))
    folder.fail_at = 2
    with pytest.raises(KeyboardInterrupt):
        folder.import_all()
    account = folder.import_all()
    assert account.rows_before > 0
    assert len(folder.events) == account.rows_before + account.appended == 13_001


def test_a_file_that_cannot_be_read_does_not_stop_those_behind_it(folder):
    (folder.directory / "crm/2026-01.csv").write_text("order;email\n")
    with pytest.raises(ImportFailed, match=r"1 of 2 files were not imported: 2026-01\.csv: .*deli"):
        folder.import_all()
    assert [event.id for event in folder.events] == ["3"]
    folder.write("2026-01.csv", 1, 2)
    assert folder.import_all().appended == 2


def test_a_bad_row_is_held_with_its_file_and_line(folder):
    folder.write("2026-02.csv", 3, "torn,")
    account = folder.import_all()
    (row,) = folder.held
    assert row.held.detail.startswith("2026-02.csv: line 3 ")
    assert account.examples[0].detail == row.held.detail


def test_a_pattern_that_nothing_fits_is_one_sentence(tmp_path):
    with pytest.raises(ImportFailed, match=r"no file fits .*crm/\*\.csv"):
        Folder(tmp_path).import_all()


def test_a_name_is_what_lies_below_the_fixed_part(tmp_path):
    folder = Folder(tmp_path, "crm/**/*.csv")
    (tmp_path / "crm/de/2026").mkdir(parents=True)
    folder.write("de/2026/a.csv", 1)
    folder.write("z[1].csv", 2)
    files = files_of(folder.gate.source, tmp_path, str)
    assert [file.name for file in files] == ["de/2026/a.csv", "z[1].csv"]
    assert folder.import_all().appended == 2


def test_a_hidden_file_is_no_file_yet(folder):
    folder.write(".2026-03.csv.part.csv", 9)
    assert folder.import_all().appended == 3


def test_a_file_whose_name_looks_like_a_pattern_is_a_file(tmp_path):
    folder = Folder(tmp_path, "crm/z[1].csv")
    folder.write("z[1].csv", 2)
    assert files_of(folder.gate.source, tmp_path, str) is None
    assert folder.run().appended == 1


def test_a_folder_that_moves_keeps_its_cursors(tmp_path):
    (tmp_path / "a").mkdir()
    before = Folder(tmp_path / "a")
    before.write("1.csv", 1)
    before.import_all()
    (tmp_path / "a").rename(tmp_path / "b")
    after = Folder(tmp_path / "b")
    after.log = before.log
    assert after.import_all().appended == 0
    assert msgspec.msgpack.decode(after.log.marks.cursor("import/shop/1.csv"))["is_complete"]
