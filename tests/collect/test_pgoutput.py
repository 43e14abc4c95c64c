"""The `pgoutput` decoder against the documented byte layouts and a recorded server (collect C46)."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyfold.collect import pgoutput
from journeyfold.collect.pgoutput import (
    EPOCH_2000_US,
    UNCHANGED,
    Begin,
    Commit,
    Delete,
    Insert,
    MalformedError,
    Note,
    Relation,
    RelationColumn,
    Truncate,
    Update,
    decode,
)

# What PostgreSQL 15 sent for: insert (2, 'b', false), update of a TOASTed row, truncate.
RECORDED_RELATION = (
    "52000040007075626c69630074006400070169640000000017ffffffff006e616d650000000019ffffffff00626967"
    "0000000019ffffffff00620000000010ffffffff00747300000004a0ffffffff0061727200000003f1ffffffff006e"
    "00000006a4ffffffff"
)


def test_a_recorded_begin_says_when_and_where_it_was_committed():
    begin = decode(bytes.fromhex("420000000001529dd0000303dd03fd7f4c000002d8"))
    assert begin == Begin(0x01529DD0, EPOCH_2000_US + 0x303DD03FD7F4C, 728)


def test_a_recorded_commit_says_where_the_next_transaction_begins():
    commit = decode(bytes.fromhex("43000000000001529dd00000000001529e00000303dd03fd7f4c"))
    assert commit == Commit(0x01529DD0, 0x01529E00, EPOCH_2000_US + 0x303DD03FD7F4C)


def test_a_recorded_relation_names_its_columns_and_its_key():
    relation = decode(bytes.fromhex(RECORDED_RELATION))
    assert (relation.schema, relation.table, relation.identity) == ("public", "t", "d")
    assert [column.name for column in relation.columns] == [
        "id", "name", "big", "b", "ts", "arr", "n",
    ]  # fmt: skip
    assert relation.columns[0] == RelationColumn("id", 23, -1, is_key=True)


def test_a_recorded_truncate_names_its_tables():
    assert decode(bytes.fromhex("54000000010000004000")) == Truncate((0x4000,))


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)
OID, LSN = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
AT = st.integers(-(2**60), 2**60)
VALUE = st.one_of(st.none(), st.just(UNCHANGED), TEXT, st.binary(max_size=20))
VALUES = st.lists(VALUE, max_size=6).map(tuple)
COLUMN = st.builds(RelationColumn, TEXT, OID, st.integers(-(2**31), 2**31 - 1), st.booleans())
MESSAGE = st.one_of(
    st.builds(Begin, LSN, AT, OID),
    st.builds(Commit, LSN, LSN, AT),
    st.builds(
        Relation, OID, TEXT.filter(bool), TEXT, st.sampled_from("dnfi"),
        st.lists(COLUMN, max_size=5).map(tuple),
    ),
    st.builds(Insert, OID, VALUES),
    st.builds(Update, OID, VALUES),
    st.builds(Update, OID, VALUES, VALUES, st.booleans()),
    st.builds(Delete, OID, VALUES, st.booleans()),
    st.builds(Truncate, st.lists(OID, max_size=4).map(tuple), st.booleans(), st.booleans()),
)  # fmt: skip


@given(MESSAGE, st.booleans())
def test_what_is_written_by_the_documented_layout_is_read_back(message, is_streamed):
    assert decode(encoded(message, is_streamed=is_streamed), is_streamed=is_streamed) == message


@given(MESSAGE, st.data())
def test_a_message_that_is_cut_short_is_malformed(message, data):
    raw = encoded(message)
    with pytest.raises(MalformedError):
        decode(raw[: data.draw(st.integers(0, len(raw) - 1))])


@given(MESSAGE, st.binary(min_size=1, max_size=3))
def test_a_message_that_is_longer_than_it_says_is_malformed(message, more):
    with pytest.raises(MalformedError):
        decode(encoded(message) + more)


@given(st.binary(max_size=60))
def test_no_bytes_raise_anything_but_malformed(raw):
    with suppress(MalformedError):
        decode(raw)


@pytest.mark.parametrize("kind", "OYMSEcA")
def test_what_says_nothing_about_rows_is_a_note(kind):
    assert isinstance(decode(kind.encode() + bytes(30)), Note)


def test_a_table_without_a_schema_is_of_the_catalogue():
    assert decode(encoded(Relation(1, "", "t", "d", ()))).schema == "pg_catalog"


# --- the documented layouts, written down once more --------------------------------------------


def encoded(message, *, is_streamed=False):
    kind, body = _body(message)
    prefix = struct.pack("!I", 7) if is_streamed and kind in b"RIUDT" else b""
    return kind + prefix + body


def _body(message):
    match message:
        case Begin(lsn, at_us, xid):
            return b"B", struct.pack("!QqI", lsn, at_us - EPOCH_2000_US, xid)
        case Commit(lsn, end, at_us):
            return b"C", struct.pack("!bQQq", 0, lsn, end, at_us - EPOCH_2000_US)
        case Relation():
            return b"R", _relation(message)
        case Insert(relation, new):
            return b"I", struct.pack("!Ic", relation, b"N") + _tuple(new)
        case Update(relation, new, old, is_key):
            before = b"" if old is None else (b"K" if is_key else b"O") + _tuple(old)
            return b"U", struct.pack("!I", relation) + before + b"N" + _tuple(new)
        case Delete(relation, old, is_key):
            return b"D", struct.pack("!Ic", relation, b"K" if is_key else b"O") + _tuple(old)
        case Truncate(relations, cascade, restart):
            head = struct.pack("!Ib", len(relations), cascade + 2 * restart)
            return b"T", head + struct.pack(f"!{len(relations)}I", *relations)


def _relation(message):
    head = struct.pack("!I", message.id) + _text(message.schema) + _text(message.table)
    columns = [
        struct.pack("!b", column.is_key)
        + _text(column.name)
        + struct.pack("!Ii", column.type, column.modifier)
        for column in message.columns
    ]
    count = struct.pack("!H", len(columns))
    return head + message.identity.encode() + count + b"".join(columns)


def _text(text):
    return text.encode() + b"\0"


def _tuple(values):
    return struct.pack("!H", len(values)) + b"".join(map(_value, values))


def _value(value):
    if value is None:
        return b"n"
    if value is pgoutput.UNCHANGED:
        return b"u"
    raw = value.encode() if isinstance(value, str) else value
    return (b"t" if isinstance(value, str) else b"b") + struct.pack("!I", len(raw)) + raw
