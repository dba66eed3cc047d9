"""Header values: whatever a stranger writes, reading it never raises, and what is read is bounded."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.outgoing.header_values import (
    MAX_WAIT_SECONDS,
    http_date,
    retry_after_seconds,
    seconds,
    seconds_until,
    validator,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAYS = ("Mon", "Tue", "Xyz", "")
DATES = st.builds(
    lambda day, number, month, year, hour, zone: f"{day}, {number} {month} {year} {hour}:00:00 {zone}",
    st.sampled_from(DAYS),
    st.integers(-1, 10**12),
    st.sampled_from(("Jan", "Feb", "Dec", "Foo")),
    st.integers(-1, 10**20),
    st.integers(-1, 10**9),
    st.sampled_from(("GMT", "+9999", "-2359", "+99999999999999999999", "EST", "")),
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("", None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("000000000000120", 120.0),
        ("1.5", 1.5),
        ("99999999999999999", MAX_WAIT_SECONDS),
        ("9" * 5_000, MAX_WAIT_SECONDS),
        ("-5", None),
        ("inf", None),
        ("nan", None),
        ("1e9", None),
        ("120, 60", None),
        ("\u0661\u0662", None),
        ("soon", None),
        ("Mon, 02 Mar 2026 12:05:00 GMT", 300.0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0.0),
        ("Monday, 02-Mar-26 12:05:00 GMT", 300.0),
        ("Mon Mar  2 12:05:00 2026", 300.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_WAIT_SECONDS),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
        ("Mon, 99 Mar 2026 12:05:00 GMT", None),
        ("Mon, 02 Mar 99999999999999999999 12:05:00 GMT", None),
        ("Mon, 02 Mar 2026 12:05:00 +99999999999999999999", None),
    ],
)
def test_retry_after_is_read_in_both_forms(header, expected):
    assert retry_after_seconds(header, NOW) == expected


@given(st.one_of(st.text(), DATES, st.integers().map(str), st.floats().map(str)))
def test_no_header_raises_and_no_wait_is_longer_than_a_day(header):
    for read in (retry_after_seconds(header, NOW), seconds_until(header, NOW), seconds(header)):
        assert read is None or 0.0 <= read <= MAX_WAIT_SECONDS
    moment = http_date(header)
    assert moment is None or moment.tzinfo is UTC


@given(st.one_of(st.none(), st.text()))
def test_a_validator_is_kept_only_when_it_can_be_sent_back(header):
    kept = validator(header)

    assert kept in {None, header}
    assert kept is None or kept.encode("ascii")


def test_validators_beyond_ascii_and_endless_ones_are_not_kept():
    assert [validator(text) for text in ('"a1"', '"é"', "a" * 501, "a\nb", "")] == ['"a1"', None, None, None, None]
