"""Cursors: opaque, exact, and refused when they are not ours."""

import base64
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common.api.pagination import decode_cursor, encode_cursor
from common.errors import NotFound

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
