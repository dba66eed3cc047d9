"""The identity of an alert follows from the impact alone."""

from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from alerts.matching.grouping import GroupLabel, fingerprint, group_labels, window_start
from tests.builders.impacts import impact

moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_every_label_has_a_value():
    grouped = impact()

    labels = group_labels(grouped, get_args(GroupLabel))

    assert labels["topic"] == "earnings"
    assert labels["event_type"] == "guidance_cut"
    assert labels["source"] == "Example Wire"
    assert labels["horizon_days"] == "1"
    assert labels["story_id"] == str(grouped.lineage.story_id)
    assert set(labels) == set(get_args(GroupLabel))


def test_a_missing_label_is_empty():
    bare = impact(context={"topics": [], "event_types": [], "source_name": None})

    assert group_labels(bare, ["topic", "event_type", "source"]) == {"topic": "", "event_type": "", "source": ""}


def test_a_fingerprint_does_not_depend_on_order_and_tells_labels_apart():
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
    assert fingerprint({"a": "1", "b": "2"}) != fingerprint({"a": "2", "b": "1"})
    assert fingerprint({}) != fingerprint({"a": ""})


def test_a_fingerprint_stays_as_it_is_stored():
    assert fingerprint({"ticker": "TSLA", "direction": "down"}) == "d0496e940220dbd56422683e2dc45453"


@given(moments, st.integers(60, 10_000_000))
def test_windows_follow_each_other_without_a_gap(moment, seconds):
    start = window_start(moment, seconds)

    assert start <= moment < start + timedelta(seconds=seconds)
    assert window_start(start, seconds) == start
    assert window_start(start + timedelta(seconds=seconds), seconds) == start + timedelta(seconds=seconds)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(60, 31_536_000))
def test_every_moment_of_the_calendar_has_a_window(moment, seconds):
    start = window_start(moment, seconds)

    assert start <= moment
    assert moment - start < timedelta(seconds=seconds)


def test_the_ends_of_the_calendar_have_a_window():
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

    assert window_start(first, 31_536_000) == first
    assert window_start(last, 60).year == 9999
