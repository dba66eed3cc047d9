"""Cursors: opaque, exact, and refused when they are not ours."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, DateTime, MetaData, SmallInteger, Table, Uuid, select
from sqlalchemy.dialects.postgresql import asyncpg

from common.api.pagination import page_request
from common.errors import NotFound
from common.postgres.paging import PageRequest, decode_cursor, encode_cursor, keyset

MOMENTS = st.datetimes(timezones=st.just(UTC))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[]))
ANY_JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)
KINDS = st.lists(st.sampled_from([datetime, UUID, int, str]), min_size=1, max_size=2)


def decoded_or_refused(cursor: str, kinds: list[type]) -> None:
    """Decode; whatever comes out has the kinds that were asked for, and can be sent to PostgreSQL."""
    try:
        key = decode_cursor(cursor, kinds)
    except NotFound:
        return
    assert [type(part) for part in key] == kinds
    for part in key:
        if isinstance(part, int):
            assert abs(part) < 2**63
        elif isinstance(part, datetime):
            part.astimezone(UTC)
        else:
            assert b"\x00" not in str(part).encode()


@given(plain=ANY_JSON | st.lists(SCALARS, min_size=1, max_size=2), kinds=KINDS)
@example(plain=[1], kinds=[UUID])
@example(plain=[True], kinds=[int])
@example(plain=[{}], kinds=[str])
@example(plain=["\ud800"], kinds=[str])
@example(plain=["0001-01-01T00:00:00+14:00"], kinds=[datetime])
@example(plain=[[]], kinds=[datetime])
def test_every_json_value_is_a_key_or_unknown(plain: object, kinds: list[type]) -> None:
    decoded_or_refused(base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("="), kinds)


@given(content=st.binary(), kinds=KINDS)
@example(content=b"[" * 100_000, kinds=[str])
@example(content=b"[" + b"9" * 5_000 + b"]", kinds=[int])
def test_all_bytes_are_a_key_or_unknown(content: bytes, kinds: list[type]) -> None:
    decoded_or_refused(base64.urlsafe_b64encode(content).decode().rstrip("="), kinds)


@given(moment=MOMENTS, identifier=st.uuids(), number=st.integers(-(2**62), 2**62))
def test_a_cursor_gives_back_exactly_what_it_was_made_of(moment: datetime, identifier: UUID, number: int) -> None:
    cursor = encode_cursor((moment, identifier, number))

    assert decode_cursor(cursor, [datetime, UUID, int]) == [moment, identifier, number]


def test_a_cursor_is_compact_and_needs_no_escaping_in_an_address() -> None:
    cursor = encode_cursor((7, "a"))

    assert base64.urlsafe_b64decode(cursor + "===") == b'[7,"a"]'
    assert "=" not in cursor


@pytest.mark.parametrize(
    ("key", "kinds", "reason"),
    [
        ((7, 8), [int], "wrong number of parts"),
        ((7,), [str], "int instead of a text"),
        (("a\x00b",), [str], "a text that PostgreSQL cannot hold"),
        (("2024-03-05T15:00:00",), [datetime], "a moment without a zone"),
        (("7",), [int], "not an integer of 64 bits"),
    ],
)
def test_a_refusal_tells_the_client_one_thing_and_the_developer_why(
    key: tuple[str | int, ...], kinds: list[type], reason: str
) -> None:
    with pytest.raises(NotFound) as caught:
        decode_cursor(encode_cursor(key), kinds)

    assert (str(caught.value), caught.value.code) == ("The cursor does not belong to this list.", "unknown_cursor")
    assert str(caught.value.__cause__) == reason


@given(st.text(max_size=60))
def test_any_other_text_is_not_found(text: str) -> None:
    with pytest.raises(NotFound):
        decode_cursor(text, [datetime, UUID])


def test_a_cursor_of_another_list_is_not_found() -> None:
    other = encode_cursor((uuid4(),))

    with pytest.raises(NotFound):
        decode_cursor(other, [datetime, UUID])


def test_a_moment_without_a_zone_is_not_found() -> None:
    naive = encode_cursor(((datetime.now(UTC) - timedelta(days=1)).replace(tzinfo=None),))

    with pytest.raises(NotFound):
        decode_cursor(naive, [datetime])


LARGEST = 2**63 - 1


@pytest.mark.parametrize("number", [LARGEST, -LARGEST, 0])
def test_an_integer_of_64_bits_is_a_key(number: int) -> None:
    assert decode_cursor(encode_cursor((number,)), [int]) == [number]


@pytest.mark.parametrize("number", [LARGEST + 1, -LARGEST - 1, 10**30])
def test_an_integer_of_more_than_64_bits_is_not_found(number: int) -> None:
    with pytest.raises(NotFound):
        decode_cursor(encode_cursor((number,)), [int])


@pytest.mark.parametrize(
    ("n_rows", "shown", "next_key"),
    [(0, [], None), (2, [9, 8], None), (3, [9, 8, 7], None), (4, [9, 8, 7], 7)],
    ids=["an empty list", "fewer than the limit", "exactly the limit", "one more than the limit"],
)
def test_only_a_row_beyond_the_limit_makes_a_next_page(n_rows: int, shown: list[int], next_key: int | None) -> None:
    page = PageRequest(limit=3).answer([9, 8, 7, 6][:n_rows], key=lambda number: (number,), read=lambda number: number)

    assert page.data == shown
    assert page.next_cursor == (None if next_key is None else encode_cursor((next_key,)))


def test_a_row_that_cannot_be_read_is_left_out_and_keeps_its_place() -> None:
    page = PageRequest(limit=3).answer(
        [9, 8, 7, 6], key=lambda number: (number,), read=lambda number: None if number in {7, 9} else number
    )

    assert page.data == [8]
    assert page.next_cursor == encode_cursor((7,))


def test_a_page_starts_below_its_cursor_and_asks_for_one_row_more_than_it_shows() -> None:
    table = Table("number", MetaData(), Column("value", BigInteger))
    page = PageRequest(limit=3, cursor=encode_cursor((7,)))

    sql = str(keyset(select(table), page, (table.c.value,)).compile(compile_kwargs={"literal_binds": True}))

    assert "WHERE (number.value) < (7)" in sql
    assert "ORDER BY number.value DESC" in sql
    assert "LIMIT 4" in sql


def test_a_place_is_sent_to_postgresql_with_the_types_of_its_parts() -> None:
    table = Table(
        "thing", MetaData(), Column("number", SmallInteger), Column("at", DateTime(timezone=True)), Column("id", Uuid)
    )
    moment, identifier = datetime(2024, 3, 5, tzinfo=UTC), uuid4()
    page = PageRequest(limit=3, cursor=encode_cursor((70_000, moment, identifier)))

    compiled = keyset(select(table), page, tuple(table.c)).compile(dialect=asyncpg.dialect())

    assert "< ($1::BIGINT, $2::TIMESTAMP WITH TIME ZONE, $3::UUID)" in str(compiled)
    assert list(compiled.params.values())[:3] == [70_000, moment, identifier]


async def test_a_query_string_that_asks_for_nothing_gets_the_first_fifty() -> None:
    assert await page_request() == PageRequest(limit=50, cursor=None)
    assert await page_request(7, "a") == PageRequest(limit=7, cursor="a")
