"""Bodies of strangers: decoded no further than the limit."""

import gzip
import tracemalloc
import zlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.outgoing.response_body import BodyTooLarge, IncompleteBody, UndecodableBody, read_body

LIMIT = 100_000


async def body(content: bytes, coding: str | None, limit: int = LIMIT, piece: int = 65_536) -> bytes:
    async def pieces():
        for start in range(0, len(content), piece):
            yield content[start : start + piece]

    headers = {"Content-Encoding": coding} if coding is not None else {}
    return await read_body(httpx.Response(200, headers=headers, content=pieces()), limit)


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("coding", "code"),
    [
        (None, bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("X-GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("identity, gzip", gzip.compress),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 65_536])
async def test_what_was_coded_is_read(coding, code, piece):
    content = bytes(range(256)) * 8

    assert await body(code(content), coding, piece=piece) == content


@pytest.mark.parametrize(
    ("coding", "code"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("deflate", raw_deflate)]
)
@pytest.mark.parametrize("piece", [1, 65_536])
async def test_a_body_that_was_cut_is_not_taken_for_the_whole(coding, code, piece):
    coded = code(bytes(range(256)) * 8)

    for length in (1, 2, 9, len(coded) // 2, len(coded) - 1):
        with pytest.raises(IncompleteBody):
            await body(coded[:length], coding, piece=piece)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "identity"])
async def test_an_answer_without_a_body_was_not_cut(coding):
    assert await body(b"", coding) == b""


@pytest.mark.parametrize("piece", [1, 7, 65_536])
async def test_every_member_of_a_gzip_is_read(piece):
    members = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")

    assert await body(members, "gzip", piece=piece) == b"one two"
    assert await body(members + bytes(512), "gzip", piece=piece) == b"one two"
    with pytest.raises(IncompleteBody):
        await body(members[:-1], "gzip", piece=piece)


async def test_members_of_a_gzip_are_bounded_in_number_and_size():
    with pytest.raises(UndecodableBody, match="members"):
        await body(gzip.compress(b"") * 1_100, "gzip")
    with pytest.raises(BodyTooLarge):
        await body(gzip.compress(b"x" * 1_000) * 101, "gzip")


@pytest.mark.parametrize(
    "coding", ["gzip, gzip", "gzip,deflate", "br", "zstd", "compress", "gzip, br, gzip", "a" * 9_000]
)
async def test_other_and_nested_codings_are_refused(coding):
    with pytest.raises(UndecodableBody):
        await body(gzip.compress(gzip.compress(b"x")), coding)


@pytest.mark.parametrize("code", [bytes, gzip.compress, zlib.compress, raw_deflate])
async def test_a_body_above_the_limit_is_refused(code):
    coding = {bytes: None, gzip.compress: "gzip"}.get(code, "deflate")

    with pytest.raises(BodyTooLarge):
        await body(code(b"x" * (LIMIT + 1)), coding)


async def test_a_bomb_takes_no_more_memory_than_the_limit():
    bomb = gzip.compress(bytes(50_000_000))
    tracemalloc.start()

    with pytest.raises(BodyTooLarge):
        await body(bomb, "gzip")

    assert tracemalloc.get_traced_memory()[1] < 10 * LIMIT
    tracemalloc.stop()


@given(content=st.binary(max_size=2_000), coding=st.sampled_from(["gzip", "deflate", "x-gzip"]))
async def test_broken_codings_raise_nothing_else(content, coding):
    try:
        assert len(await body(content, coding)) <= LIMIT
    except (BodyTooLarge, IncompleteBody, UndecodableBody):
        return
