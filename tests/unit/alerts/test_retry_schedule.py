"""What an answer means, and when the next attempt is due."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.delivery.outcome import outcome_of
from alerts.delivery.retry_schedule import (
    DELAYS_SECONDS,
    GIVE_UP_AFTER,
    SendResult,
    next_attempt_at,
    throttled_until,
    verdict,
)

NOW = datetime(2024, 3, 5, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (299, "delivered"),
        (300, "retry"),
        (301, "retry"),
        (307, "retry"),
        (400, "retry"),
        (404, "retry"),
        (410, "gone"),
        (429, "throttled"),
        (500, "retry"),
        (502, "throttled"),
        (503, "retry"),
        (504, "throttled"),
        (None, "retry"),
    ],
)
def test_only_2xx_is_success(status, expected):
    assert verdict(SendResult(status)) == expected


def test_503_with_a_time_asks_to_go_easy():
    assert verdict(SendResult(503, retry_after_seconds=7.0)) == "throttled"


def test_a_receiver_without_http_can_take_a_message():
    assert verdict(SendResult(is_taken=True)) == "delivered"


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (SendResult(200, "ok: false"), "retry"),
        (SendResult(204, ""), "retry"),
        (SendResult(error="refused", is_taken=True), "retry"),
        (SendResult(500, is_taken=True), "retry"),
        (SendResult(429, "slow down", is_taken=True), "throttled"),
        (SendResult(410, "gone"), "gone"),
        (SendResult(200, retry_after_seconds=5.0), "delivered"),
    ],
)
def test_an_error_wins_over_a_status_and_a_status_over_is_taken(result, expected):
    assert verdict(result) == expected


def test_the_table_is_followed_to_its_end():
    waits = [next_attempt_at(number, NOW, chance=0.0) for number in range(11)]

    assert [wait and (wait - NOW).total_seconds() for wait in waits] == [*DELAYS_SECONDS, None]
    assert sum(DELAYS_SECONDS) == pytest.approx(75.6 * 3_600, rel=0.01)


def test_jitter_stretches_a_delay_by_up_to_a_tenth():
    assert next_attempt_at(1, NOW, chance=0.999) < NOW + timedelta(seconds=5.5)
    assert next_attempt_at(1, NOW, chance=0.5) == NOW + timedelta(seconds=5.25)


def test_retry_after_lengthens_a_wait_and_never_shortens_it():
    assert next_attempt_at(1, NOW, chance=0.0, retry_after_seconds=60) == NOW + timedelta(seconds=60)
    assert next_attempt_at(2, NOW, chance=0.0, retry_after_seconds=60) == NOW + timedelta(seconds=300)
    assert next_attempt_at(1, NOW, chance=0.0, retry_after_seconds=1e9) == NOW + timedelta(days=1)


def test_a_throttled_receiver_rests_a_minute_unless_it_names_a_time():
    assert throttled_until(SendResult(429), NOW) == NOW + timedelta(seconds=60)
    assert throttled_until(SendResult(429, retry_after_seconds=5.0), NOW) == NOW + timedelta(seconds=5)


def test_the_tenth_failure_is_the_last():
    ninth = outcome_of(SendResult(500), n_failures=8, now=NOW, chance=0.0)
    tenth = outcome_of(SendResult(500), n_failures=9, now=NOW, chance=0.0)

    assert (ninth.state, ninth.n_failures) == ("pending", 9)
    assert (tenth.state, tenth.next_attempt_at) == ("failed", None)


def test_a_notice_in_the_place_of_older_ones_is_tried_for_no_longer_than_the_schedule_from_the_first_of_them():
    early, late = (
        outcome_of(
            SendResult(500), n_failures=1, now=NOW, chance=0.0, tried_since=NOW - GIVE_UP_AFTER + timedelta(margin)
        )
        for margin in (1, 0)
    )

    assert (early.state, late.state) == ("pending", "failed")
