"""Moments at the ends of the calendar, where a zone leads out of it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from common.contracts.timestamps import ForeignMoment, Moment, SafeMoment

ZONES = st.integers(-23 * 60, 23 * 60).map(
    lambda minutes: f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
)


@pytest.mark.parametrize("kind", [Moment, SafeMoment])
@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_outside_the_calendar_of_utc_is_refused(kind, text):
    with pytest.raises(ValidationError, match="1 and 9999"):
        TypeAdapter(kind).validate_python(text)
    assert TypeAdapter(ForeignMoment).validate_python(text)


@given(st.datetimes(), ZONES)
def test_every_moment_that_is_taken_can_be_reckoned_with(moment, zone):
    try:
        taken = TypeAdapter(SafeMoment).validate_python(f"{moment.isoformat()}{zone}")
    except ValidationError:
        return

    assert taken.astimezone(UTC) == datetime.fromisoformat(f"{moment.isoformat()}{zone}")
