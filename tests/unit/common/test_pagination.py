"""Cursors: opaque, exact, and refused when they are not ours."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import NotFound
from common.pagination import decode_cursor, encode_cursor

MOMENTS = st.datetimes(timezones=st.just(UTC))


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
