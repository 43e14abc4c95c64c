"""A body is bounded while it arrives (collect C10, C11)."""

import asyncio
import gzip

import pytest

from journeyfold.collect.body import Gone, read_body

CAP = 1000


def read(*pieces, headers=None, cap=CAP, **options):
    left = list(pieces)

    async def receive():
        piece = left.pop(0)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(left)}

    return asyncio.run(read_body(receive, headers or {}, cap, **options))


GZIP = {b"content-encoding": b"gzip"}


@pytest.mark.parametrize("pieces", [(b"abc",), (b"a", b"b", b"c"), (b"", b"abc", b"")])
def test_pieces_are_one_body(pieces):
    assert read(*pieces) == b"abc"


def test_a_body_of_exactly_the_cap_is_taken():
    assert read(b"x" * CAP) == b"x" * CAP
    assert read(gzip.compress(b"x" * CAP), headers=GZIP) == b"x" * CAP


@pytest.mark.parametrize("pieces", [(b"x" * 1001,), (b"x" * 600, b"x" * 600)])
def test_a_body_above_the_cap_is_refused(pieces):
    assert read(*pieces).code == "body_too_large"


@pytest.mark.parametrize("declared", [b"1001", b"99999999999999999999", b"-1", b"x"])
def test_a_declared_length_above_the_cap_is_refused_unread(declared):
    assert read(headers={b"content-length": declared}).code == "body_too_large"


def test_compressed_bytes_have_the_cap_too():
    noise = bytes(range(256)) * 5
    assert read(gzip.compress(noise, 0), headers=GZIP).code == "body_too_large"


def test_a_small_bomb_is_cut_at_the_cap():
    assert read(gzip.compress(b"x" * 100_000), headers=GZIP).code == "decompressed_too_large"


def test_bytes_after_a_gzip_member_are_refused_in_a_piece_of_their_own():
    assert read(gzip.compress(b"x"), b"y", headers=GZIP).code == "bad_encoding"
    assert read(gzip.compress(b"x"), b"", headers=GZIP) == b"x"


@pytest.mark.parametrize("headers", [{}, GZIP])
def test_a_sender_who_leaves_gets_no_answer(headers):
    with pytest.raises(Gone):
        read(b"", None, headers=headers)


def test_a_webhook_chooses_its_own_type():
    headers = {b"content-type": b"application/cloudevents+json"}
    assert read(b"x", headers=headers).code == "unsupported_type"
    assert read(b"x", headers=headers, any_type=True) == b"x"
