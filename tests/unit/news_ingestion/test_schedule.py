from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from news_ingestion.providers.newsapi.windows import Plan, lost_history, next_window, sustainable_interval_seconds
from news_ingestion.providers.schedule import (
    BACKOFF_MAX_SECONDS,
    MAX_INTERVAL_SECONDS,
    backoff_seconds,
    freshness_seconds,
    interval_after_success,
    may_ask_conditionally,
    next_fetch_at,
)
from news_ingestion.providers.window import MIN_WINDOW, Window

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"cache-control": "public, max-age=600"}, 600.0),
        ({"cache-control": 'Private , Max-Age=" 600 " '}, 600.0),
        ({"cache-control": "s-maxage=60, max-age=soon, max-age=600"}, 600.0),
        ({"cache-control": "max-age=600, No-Cache"}, 0.0),
        ({"cache-control": "max-age=600, no-store"}, 0.0),
        ({"cache-control": "max-age=600", "expires": "Mon, 02 Mar 2026 13:00:00 GMT"}, 600.0),
        ({"expires": "Mon, 02 Mar 2026 13:00:00 GMT"}, 3_600.0),
        ({"expires": "0"}, 0.0),
        ({"expires": "Mon, 02 Mar 99999999999999999999 13:00:00 GMT"}, 0.0),
        ({"expires": "Fri, 31 Dec 9999 23:59:59 GMT"}, 86_400.0),
        ({"cache-control": "max-age=" + "9" * 5_000}, 86_400.0),
        ({"cache-control": "max-age=-1, max-age=nan"}, 0.0),
    ],
)
def test_freshness_is_read_from_headers(headers, seconds):
    assert freshness_seconds(headers, NOW) == seconds


def test_longest_wish_sets_the_interval_within_a_day():
    assert interval_after_success(300, 1_800, 60, None) == 1_800
    assert interval_after_success(1) == 10
    assert interval_after_success(300, 10**9) == MAX_INTERVAL_SECONDS == 86_400


def test_validators_of_an_expired_answer_are_not_sent_back():
    assert may_ask_conditionally({})
    assert may_ask_conditionally({"expires": "00"})
    assert not may_ask_conditionally({"expires": " 0 "})


@given(st.integers(1, 10_000), st.floats(10, 86_400), st.one_of(st.none(), st.floats(0, 1e9)))
def test_backoff_is_finite_and_respects_retry_after(errors, interval, retry_after):
    wait = backoff_seconds(errors, interval, retry_after)

    assert 30 <= wait <= MAX_INTERVAL_SECONDS
    assert wait >= min(retry_after or 0, MAX_INTERVAL_SECONDS)
    assert backoff_seconds(errors + 1, interval) >= backoff_seconds(errors, interval)


def test_backoff_doubles_up_to_six_hours():
    assert [backoff_seconds(n, 10) for n in (1, 2, 3)] == [30, 60, 120]
    assert backoff_seconds(0, 10) == 30
    assert backoff_seconds(50, 10) == BACKOFF_MAX_SECONDS == 21_600


def test_backoff_is_no_shorter_than_the_interval_or_the_wish_of_the_site():
    assert backoff_seconds(1, 600) == 600
    assert backoff_seconds(1, 10**6) == BACKOFF_MAX_SECONDS
    assert backoff_seconds(1, 10, 3_600) == 3_600
    assert backoff_seconds(2, 10, 45) == 60
    assert backoff_seconds(1, 10, 10**9) == MAX_INTERVAL_SECONDS


def test_jitter_only_lengthens_the_wait():
    assert next_fetch_at(NOW, 100, 0.1, 0.0) == NOW + timedelta(seconds=100)
    assert next_fetch_at(NOW, 100, 0.1, 0.5) == NOW + timedelta(seconds=105)


def test_first_window_is_the_last_visible_day():
    assert next_window(NOW, Plan(), None, 3_600) == Window(NOW - 2 * DAY, NOW - DAY)


def test_window_reaches_back_over_the_last_one_and_stops_at_the_delay():
    seen = NOW - DAY - timedelta(hours=3)

    assert next_window(NOW, Plan(), seen, 3_600) == Window(seen - timedelta(hours=1), NOW - DAY)
    assert next_window(NOW, Plan(), NOW - DAY, 3_600) is None


def test_window_does_not_reach_behind_the_plans_history():
    window = next_window(NOW, Plan(), NOW - 60 * DAY, 3_600)

    assert window is not None
    assert window.start == NOW - 30 * DAY
    assert lost_history(NOW, Plan(), NOW - 60 * DAY) == Window(NOW - 60 * DAY, NOW - 30 * DAY)
    assert lost_history(NOW, Plan(), NOW - DAY) is None
    assert lost_history(NOW, Plan(), NOW - 30 * DAY) is None


def test_a_plan_whose_history_is_no_longer_than_its_delay_shows_nothing():
    hidden = Plan(delay_seconds=86_400.0, history_seconds=86_400.0)

    assert next_window(NOW, hidden, NOW - 3 * DAY, 3_600) is None


@given(st.integers(0, 10**6))
@example(119)
@example(120)
def test_halves_cover_the_window_and_leave_no_moment_between_them(seconds):
    window = Window(NOW, NOW + timedelta(seconds=seconds))

    halves = window.halves()

    if seconds < 120:
        assert halves is None
    else:
        first, second = halves
        assert (first.start, second.end) == (window.start, window.end)
        assert second.start == first.end


def test_quota_stretches_the_interval():
    assert sustainable_interval_seconds(60, Plan()) == 864
    assert sustainable_interval_seconds(60, Plan(), 2) == 1_728
    assert sustainable_interval_seconds(3_600, Plan()) == 3_600


def test_a_window_is_halved_at_a_whole_second_that_both_halves_share():
    start = NOW.replace(microsecond=0)
    window = Window(start, start + timedelta(minutes=5, milliseconds=501))

    halves = window.halves()

    middle = start + timedelta(minutes=2, seconds=30)
    assert halves == (Window(start, middle), Window(middle, window.end))


def test_the_shortest_window_that_is_halved_is_twice_the_least():
    start = NOW.replace(microsecond=0)

    assert Window(start, start + 2 * MIN_WINDOW).halves() is not None
    assert Window(start, start + 2 * MIN_WINDOW - timedelta(seconds=1)).halves() is None
