"""Files as they should not be: a clear sentence, good rows in, bad ones held with their row (issue 3)."""

import gzip
import importlib.util
import os
import sys
import zipfile
from pathlib import Path

import duckdb
import fastavro
import pytest

from journeyfold.collect.batch import cursor_name
from journeyfold.collect.child import ImportFailed
from journeyfold.collect.position import decoded

_PATH = Path(__file__).with_name("import_kit.py")
if "import_kit" not in sys.modules:
    _spec = importlib.util.spec_from_file_location("import_kit", _PATH)
    sys.modules["import_kit"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["import_kit"])
kit = sys.modules["import_kit"]
csv_shop, ndjson_shop, Shop = kit.csv_shop, kit.ndjson_shop, kit.Shop

HEAD = "order,email,at,total\n"
ROW = "{0},p{0}@example.com,2026-01-01T10:00:00Z,{0}.5\n"
GOOD = HEAD + ROW.format(1) + ROW.format(2)
LINE = '{{"order":"{0}","email":"p{0}@example.com","at":"2026-01-01T10:00:00Z","total":{0}}}'
JSON = {"types": kit.TYPES | {"order": "string", "email": "string"}}


def json_shop(directory, body, **read):
    (directory / "lines.ndjson").write_bytes(body)
    return Shop(directory, {"ndjson": "lines.ndjson"} | JSON | read, **kit.ORDERS)


def parquet_shop(directory, select, **keys):
    with duckdb.connect() as connection:
        connection.execute(f"COPY ({select}) TO '{directory}/o.parquet' (FORMAT parquet)")
    return Shop(directory, {"parquet": "o.parquet"}, **(kit.ORDERS | keys))


LINE_MIB = int(os.environ.get("JOURNEYFOLD_LINE_MIB", "300"))  # 5120 is the 5 GB of the issue


def cursor_of(shop):
    return decoded(shop.log.marks.cursor(cursor_name(shop.gate.source)))


def refused(shop, says):
    """One sentence, and nothing is written, so that the next run begins where this one did."""
    with pytest.raises(ImportFailed, match=says) as failure:
        shop.run()
    assert "\n" not in str(failure.value)
    assert (shop.log.head()[0], shop.held, cursor_of(shop)) == (-1, [], None)


def held_at(shop):
    return [(row.held.code, row.held.pointer) for row in shop.held]


# --- the wrong kind of text ---------------------------------------------------------------------


@pytest.mark.parametrize(("mark", "written"), [(";", ";"), ("\t", r"\\t"), ("|", r"\|")])
def test_another_delimiter_is_recognised(tmp_path, mark, written):
    refused(csv_shop(tmp_path, GOOD.replace(",", mark)), f'Write `delimiter: "{written}"`')


def test_the_delimiter_that_was_declared_is_used(tmp_path):
    shop = csv_shop(tmp_path, GOOD.replace(",", ";"), read={"delimiter": ";"})
    assert shop.run().appended == 2


def test_latin_1_costs_only_the_rows_that_are_no_utf_8(tmp_path):
    shop = csv_shop(tmp_path, (GOOD + ROW.format("3ü")).encode("latin-1"))
    account = shop.run()
    assert (account.appended, held_at(shop)) == (2, [("encoding", "/line/4")])
    assert "line 4 is not utf-8, which `encoding` declares" in str(account.examples)


def test_latin_1_that_is_declared_is_read(tmp_path):
    body = (HEAD + ROW.format(1).replace("p1", "jörg")).encode("latin-1")
    shop = csv_shop(tmp_path, body, read={"encoding": "latin-1"})
    shop.run()
    assert shop.events[0].identifiers[0].value == "jörg@example.com"


@pytest.mark.parametrize("order", ["utf-16", "utf-16-be"])
def test_utf_16_is_recognised_and_read_once_it_is_declared(tmp_path, order):
    body = ("\ufeff" if order == "utf-16-be" else "") + GOOD.replace("p1", "jörg")
    refused(
        csv_shop(tmp_path, body.encode(order)), "is written in UTF-16; write `encoding: utf-16`"
    )
    shop = csv_shop(tmp_path, body.encode(order), read={"encoding": "utf-16"})
    assert shop.run().appended == 2
    assert shop.events[0].identifiers[0].value == "jörg@example.com"


def test_half_a_character_of_utf_16_costs_its_row(tmp_path):
    body = (GOOD + ROW.format("3\ud83d").replace("3.5", "3") + ROW.format(4)).encode(
        "utf-16", "surrogatepass"
    )
    shop = csv_shop(tmp_path, body, read={"encoding": "utf-16"})
    account = shop.run()
    assert account.appended == 3
    assert held_at(shop) == [("encoding", "/line/4")]


@pytest.mark.parametrize("make", [lambda d, b: csv_shop(d, b), lambda d, b: json_shop(d, b)])
def test_a_mark_of_byte_order_is_no_part_of_the_first_value(tmp_path, make):
    body = GOOD if make(tmp_path, b"x").gate.source.read.csv else LINE.format(1) + "\n"
    (shop := make(tmp_path, b"\xef\xbb\xbf" + body.encode())).run()
    assert (shop.events[0].id, shop.held) == ("1", [])


def test_json_in_utf_16_is_recognised(tmp_path):
    refused(json_shop(tmp_path, LINE.format(1).encode("utf-16")), "is written in UTF-16")


@pytest.mark.parametrize("magic", [b"PK\x03\x04", b"PAR1", b"Obj\x01", b"%PDF-1.7"])
def test_what_is_no_text_at_all_is_said(tmp_path, magic):
    refused(csv_shop(tmp_path, magic + b"\x00\xff\n" * 9), "orders.csv is an? .*, not text")


# --- packed files -------------------------------------------------------------------------------


def test_a_gzipped_file_is_read_as_it_is(tmp_path):
    assert csv_shop(tmp_path, gzip.compress(GOOD.encode())).run().appended == 2
    assert json_shop(tmp_path, gzip.compress(LINE.format(1).encode())).run().appended == 1


def test_a_gzipped_file_that_stops_in_the_middle_is_one_sentence(tmp_path):
    body = gzip.compress((HEAD + "".join(map(ROW.format, range(5_000)))).encode())
    refused(
        csv_shop(tmp_path, body[: len(body) // 2]), "ends or breaks after .* still being written"
    )


def test_a_gzip_bomb_ends_in_one_sentence(tmp_path):
    with gzip.open(tmp_path / "bomb.gz", "wb") as file:
        for _ in range(400):
            file.write(bytes(1 << 20))
    body = (tmp_path / "bomb.gz").read_bytes()
    refused(csv_shop(tmp_path, body, read={"memory": "512MiB"}), "300 times its size")


def test_a_workbook_that_expands_beyond_its_memory_is_not_opened(tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "o.xlsx", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as part,
    ):
        for _ in range(600):
            part.write(bytes(1 << 20))
    assert (tmp_path / "o.xlsx").stat().st_size < 1_000_000
    shop = Shop(tmp_path, {"excel": "o.xlsx", "memory": "512MiB"}, **kit.ORDERS)
    refused(shop, "o.xlsx expands to 600 MiB; `read.memory` allows 512MiB")


# --- columns ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "near"),
    [
        ("mail", "mail"),
        ("E-Mail", "E-Mail"),
        ("email_address", "email_address"),
        ("Email", "Email"),
    ],
)
def test_a_column_renamed_overnight_is_named_with_the_nearest(tmp_path, now, near):
    shop = csv_shop(tmp_path, GOOD.replace("email", now))
    refused(shop, f"has no column 'email'; .*; perhaps 'email' is now '{near}'")


def test_a_column_without_anything_near_is_not_guessed(tmp_path):
    with pytest.raises(ImportFailed) as failure:
        csv_shop(tmp_path, GOOD.replace("email", "colour")).run()
    assert str(failure.value).endswith("it has: order, colour, at, total")


def test_ten_million_columns_are_one_sentence(tmp_path):
    with (tmp_path / "orders.csv").open("w") as file:
        for _ in range(100):
            file.write("c," * 100_000)
    shop = Shop(tmp_path, {"csv": "orders.csv", "memory": "512MiB"}, **kit.ORDERS)
    refused(shop, "the header line cannot be read: longer than 1048576 bytes")


def test_many_columns_of_a_table_are_one_sentence(tmp_path):
    columns = ", ".join(f"1 AS c{number}" for number in range(2_001))
    refused(parquet_shop(tmp_path, f"SELECT {columns}"), "has 2001 columns; 2000 may be")


def test_many_keys_of_an_object_are_only_those_that_are_mapped(tmp_path):
    many = ",".join(f'"k{number}":1' for number in range(300_000))
    shop = json_shop(tmp_path, (LINE.format(1)[:-1] + f",{many}}}\n").encode())
    shop.run()
    assert shop.events[0].properties == {"total": 1.0}


# --- cells --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3"])
def test_a_formula_in_a_cell_is_text_as_it_stands(tmp_path, text):
    fields = kit.ORDERS["fields"] | {"properties": {"note": "row.note"}}
    body = f"order,email,at,note\n1,a@example.com,2026-01-01T10:00:00Z,{text}\n"
    shop = csv_shop(tmp_path, body, read={"types": {"at": "timestamp"}}, fields=fields)
    shop.run()
    assert shop.events[0].properties == {"note": text}


@pytest.mark.parametrize("make", [csv_shop, json_shop])
def test_a_line_without_an_end_needs_no_memory(tmp_path, make):
    (tmp_path / "long").write_bytes(b"")
    os.truncate(tmp_path / "long", LINE_MIB << 20)
    with (tmp_path / "long").open("rb+") as file:
        file.write((GOOD if make is csv_shop else LINE.format(1) + "\n").encode())
        file.seek(0, os.SEEK_END)
        file.write(f"\n{ROW if make is csv_shop else LINE}\n".format(9).encode())
    name = "csv" if make is csv_shop else "ndjson"
    read = {"memory": "640MiB"} | (JSON if make is json_shop else {"types": kit.TYPES})
    shop = Shop(tmp_path, {name: "long"} | read, **kit.ORDERS)
    account = shop.run()
    assert [event.id for event in shop.events][-1] == "9"
    assert [code for code, _ in held_at(shop)] == ["line_too_long"]
    kit.assert_reconciled(account)


def test_dates_in_three_formats_keep_those_that_say_what_they_mean(tmp_path):
    rows = [ROW.format(1), ROW.format(2).replace("2026-01-01T10:00:00Z", "2026-01-01 11:00"),
            ROW.format(3).replace("2026-01-01T10:00:00Z", "01/02/2026"),
            ROW.format(4).replace("2026-01-01T10:00:00Z", "1. Februar 2026")]  # fmt: skip
    account = (shop := csv_shop(tmp_path, HEAD + "".join(rows))).run()
    assert account.appended == 2
    assert held_at(shop) == [("bad_value", "/line/4"), ("bad_value", "/line/5")]
    assert "column 'at': '01/02/2026' is no RFC 3339 time" in str(account.examples)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (ROW.format("3ü").encode("latin-1"), "encoding"),
        (ROW.format(3).encode().replace(b",3.5", b",3.5,,"), "columns"),
        (ROW.format(3).encode().replace(b"p3@", b'"p3@'), "torn_quote"),
        (ROW.format(3).encode().replace(b"p3", b"p\0"), "nul"),
        (ROW.format(3).encode().replace(b"2026-01-01T10:00:00Z", b"01/02/2026"), "bad_value"),
        (ROW.format(3).encode().replace(b"2026-01-01T10:00:00Z", b""), "no_time"),
        (b"x" * (2 << 20) + b"\n", "line_too_long"),
    ],
)
def test_the_cursor_passes_a_bad_row_and_the_next_file_is_read_to_its_end(tmp_path, bad, code):
    body = GOOD.encode() + bad + ROW.format(4).encode()
    (shop := csv_shop(tmp_path, body)).run()
    assert held_at(shop) == [(code, "/line/4")]
    assert (cursor_of(shop).rows, cursor_of(shop).is_complete) == (4, True)
    (tmp_path / "orders.csv").write_bytes(body + ROW.format(5).encode())
    assert shop.run().appended == 1
    assert [event.id for event in shop.events] == ["1", "2", "4", "5"]


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("csv", "header line cannot be read: is empty"),
        ("parquet", "is not a whole Parquet file"),
        ("excel", "cannot be read as a workbook"),
        ("avro", "is no Avro container file"),
    ],
)
def test_an_empty_file_is_one_sentence(tmp_path, kind, says):
    (tmp_path / "f.xlsx").write_bytes(b"")
    refused(Shop(tmp_path, {kind: "f.xlsx"}, **kit.ORDERS), says)


def test_an_empty_file_of_lines_has_none(tmp_path):
    assert json_shop(tmp_path, b"").run().rows_read == 0


def test_a_directory_is_no_file_and_the_pattern_is_told(tmp_path):
    (tmp_path / "crm").mkdir()
    refused(Shop(tmp_path, {"csv": "crm"}, **kit.ORDERS), r"is a directory; write .* crm/\*\.csv")


def test_a_workbook_that_was_cut_is_one_sentence(tmp_path):
    with zipfile.ZipFile(tmp_path / "o.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>" * 900)
    body = (tmp_path / "o.xlsx").read_bytes()
    (tmp_path / "o.xlsx").write_bytes(body[: len(body) // 2])
    refused(Shop(tmp_path, {"excel": "o.xlsx"}, **kit.ORDERS), "cannot be read as a workbook")


def test_an_avro_file_with_a_broken_block_is_one_sentence(tmp_path):
    schema = {"type": "record", "name": "O", "fields": [
        {"name": name, "type": "string"} for name in ("order", "email", "at", "total")]}  # fmt: skip
    with (tmp_path / "o.avro").open("wb") as file:
        fastavro.writer(file, schema, [dict.fromkeys(("order", "email", "at", "total"), "x" * 99)] * 99, codec="deflate")  # fmt: skip
    body = bytearray((tmp_path / "o.avro").read_bytes())
    body[-60:-20] = bytes(40)
    (tmp_path / "o.avro").write_bytes(body)
    fields = kit.ORDERS["fields"] | {"occurred": "as_time(row.at)"}
    shop = Shop(tmp_path, {"avro": "o.avro"}, **(kit.ORDERS | {"fields": fields}))
    refused(shop, "ends or breaks after record")


def test_a_file_that_changes_while_it_is_read_is_told_and_read_again(tmp_path):
    shop = csv_shop(tmp_path, GOOD)
    inner = shop.append

    def append(items, **keys):
        with (tmp_path / "orders.csv").open("a") as file:
            file.write(ROW.format(3))
        return inner(items, **keys)

    body = HEAD + "".join(ROW.format(number) for number in range(12_000))
    (tmp_path / "orders.csv").write_text(body)
    with pytest.raises(ImportFailed, match=r"orders\.csv changed while it was read"):
        shop.run(append=append)
    account = shop.run()
    assert account.appended == 0
    assert len({event.id for event in shop.events}) == len(shop.events) == 12_000
