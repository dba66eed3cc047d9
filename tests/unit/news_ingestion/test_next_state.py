"""What a source is after a fetch."""

import math
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from news_ingestion.providers.newsapi.provider import NewsAPIProvider
from news_ingestion.providers.provider import Fetched
from news_ingestion.providers.provider_errors import ProviderError
from news_ingestion.providers.push.provider import PushProvider
from news_ingestion.providers.window import Window
from news_ingestion.settings import Settings
from news_ingestion.source_rows import QuotaUse, SourceRow
from news_ingestion.sources.fetching import state_of
from news_ingestion.sources.next_state import (
    after_failure,
    after_success,
    becomes_degraded,
    covered_by,
    with_schedule_of,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOURCE = SourceRow(UUID(int=1), "newsapi", "Query", None, {}, True, 300.0, 1, NOW, NOW)
NEWSAPI, PUSH = NewsAPIProvider(Settings()), PushProvider(Settings())


def again(wait_seconds: float) -> datetime:
    return NOW + timedelta(seconds=wait_seconds)


def failed(source: SourceRow, problem: str, provider: NewsAPIProvider | PushProvider = NEWSAPI):
    error = ProviderError(problem, "code", "detail")  # type: ignore[arg-type]
    is_final = error.problem in provider.final_problems
    return after_failure(source, Fetched(seen_until=NOW), error, is_final=is_final, now=NOW, again=again)


def test_a_success_forgets_the_errors_and_keeps_what_the_answer_said():
    source = SOURCE._replace(error_count=4, backoff_seconds=240.0, last_error={"code": "x"})
    fetched = Fetched(wait_seconds=600.0, etag="tag", last_modified="then", seen_until=NOW)

    state = after_success(source, fetched, now=NOW, again=again)

    assert state == SOURCE._replace(
        next_fetch_at=again(600.0),
        last_fetch_at=NOW,
        last_ok_at=NOW,
        etag="tag",
        last_modified="then",
        seen_until=NOW,
    )


@pytest.mark.parametrize(
    ("wish", "wait"),
    [
        (None, 300.0),
        (0.0, 300.0),
        (-5.0, 300.0),
        (60.0, 300.0),
        (600.0, 600.0),
        (math.inf, 86_400.0),
        (math.nan, 300.0),
    ],
)
def test_a_source_is_not_fetched_more_often_than_its_interval_says(wish, wait):
    state = after_success(SOURCE, Fetched(wait_seconds=wish), now=NOW, again=again)

    assert state.next_fetch_at == again(wait)


def test_no_source_is_fetched_without_pause():
    state = after_success(SOURCE._replace(interval_seconds=0.0), Fetched(), now=NOW, again=again)

    assert state.next_fetch_at == again(10.0)


@pytest.mark.parametrize(
    ("fetched", "kept"),
    [
        (Fetched(is_modified=False), ("tag", "then")),
        (Fetched(is_modified=False, etag="new"), ("new", "then")),
        (Fetched(), (None, None)),
        (Fetched(etag="new"), ("new", None)),
    ],
)
def test_a_source_that_is_not_modified_keeps_what_to_ask_with(fetched, kept):
    source = SOURCE._replace(etag="tag", last_modified="then")

    state = after_success(source, fetched, now=NOW, again=again)

    assert (state.etag, state.last_modified) == kept


UNSENDABLE = ['"é"', "x" * 60_000, "a\r\nX-Key: b", "a\x00", ""]


@pytest.mark.parametrize("header", UNSENDABLE)
def test_what_cannot_be_sent_back_is_not_kept(header):
    fresh = after_success(SOURCE, Fetched(etag=header, last_modified=header), now=NOW, again=again)
    stored = SOURCE._replace(etag=header, last_modified=header)
    old = after_success(stored, Fetched(is_modified=False), now=NOW, again=again)
    asked = state_of(stored, QuotaUse(0, 1), None)

    assert (fresh.etag, fresh.last_modified) == (old.etag, old.last_modified) == (None, None)
    assert (asked.etag, asked.last_modified) == (None, None)


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("seen_before", "fetched", "covered"),
    [
        (NOW, Fetched(seen_until=NOW + HOUR), Window(NOW, NOW + HOUR)),
        (None, Fetched(seen_until=NOW), Window(datetime(1970, 1, 1, tzinfo=UTC), NOW)),
        (NOW, Fetched(seen_until=NOW + HOUR, covered=Window(NOW - HOUR, NOW)), Window(NOW - HOUR, NOW)),
        (NOW, Fetched(seen_until=NOW), None),
        (NOW, Fetched(seen_until=NOW - HOUR), None),
        (NOW, Fetched(), None),
    ],
)
def test_a_run_covers_what_lies_before_what_it_has_seen_unless_it_says_what(seen_before, fetched, covered):
    source = SOURCE._replace(seen_until=seen_before)

    assert covered_by(source, fetched, shows_latest_only=False) == covered
    assert covered_by(source, fetched, shows_latest_only=True) == fetched.covered


def test_a_failure_leaves_what_only_a_success_knows():
    source = SOURCE._replace(last_ok_at=NOW - timedelta(hours=1), etag="tag", last_modified="then")

    state = failed(source, "unavailable")

    assert (state.last_ok_at, state.etag, state.last_modified) == (NOW - timedelta(hours=1), "tag", "then")
    assert (state.error_count, state.next_fetch_at) == (1, again(300.0))
    assert state.last_error == {"problem": "unavailable", "code": "code", "detail": "detail", "at": NOW.isoformat()}


@pytest.mark.parametrize("problem", ["auth", "request"])
def test_what_only_a_person_can_mend_switches_the_source_off(problem):
    state = failed(SOURCE, problem)

    assert (state.is_enabled, state.disabled_reason, state.next_fetch_at) == (False, "code", None)
    assert becomes_degraded(SOURCE, state)


def test_a_failure_that_passes_leaves_a_source_that_the_service_switched_off_to_a_success():
    source = SOURCE._replace(is_enabled=False, disabled_reason="apiKeyInvalid")

    state = failed(source, "unavailable")

    assert (state.is_enabled, state.disabled_reason, state.next_fetch_at) == (False, "apiKeyInvalid", None)
    assert after_success(state, Fetched(), now=NOW, again=again).is_enabled


@pytest.mark.parametrize("problem", ["auth", "request"])
def test_a_provider_without_final_problems_is_asked_again(problem):
    assert failed(SOURCE, problem, PUSH).is_enabled


@pytest.mark.parametrize(
    ("is_enabled", "reason", "is_on"), [(True, None, True), (False, "apiKeyInvalid", True), (False, None, False)]
)
def test_a_success_switches_on_what_the_service_had_switched_off_and_no_more(is_enabled, reason, is_on):
    source = SOURCE._replace(is_enabled=is_enabled, disabled_reason=reason)

    state = after_success(source, Fetched(wait_seconds=600.0), now=NOW, again=again)

    assert (state.is_enabled, state.next_fetch_at) == (is_on, again(600.0) if is_on else None)


@pytest.mark.parametrize(("errors_before", "is_told"), [(0, False), (1, False), (2, True), (3, False)])
def test_the_third_failure_in_a_row_is_told(errors_before, is_told):
    source = SOURCE._replace(error_count=errors_before)

    assert becomes_degraded(source, failed(source, "unavailable")) is is_told


def test_a_failure_says_what_went_wrong_and_when_it_is_tried_again():
    error = ProviderError("unreachable", "code", "detail")  # type: ignore[arg-type]

    state = after_failure(SOURCE, Fetched(seen_until=NOW), error, is_final=False, now=NOW, again=again)

    assert state == SOURCE._replace(
        next_fetch_at=again(state.backoff_seconds),
        last_fetch_at=NOW,
        error_count=1,
        backoff_seconds=state.backoff_seconds,
        last_error=error.document(at=NOW),
        seen_until=NOW,
    )
    assert state.backoff_seconds > 0


def test_a_final_failure_names_its_reason_and_another_keeps_the_one_there_was():
    off = SOURCE._replace(is_enabled=False, disabled_reason="somebody")
    error = ProviderError("unreachable", "code", "detail")  # type: ignore[arg-type]
    given = {"now": NOW, "again": again}

    final = after_failure(SOURCE, Fetched(), error, is_final=True, **given)
    kept = after_failure(off, Fetched(), error, is_final=False, **given)

    assert (final.is_enabled, final.disabled_reason, final.next_fetch_at) == (False, "code", None)
    assert (kept.is_enabled, kept.disabled_reason, kept.next_fetch_at) == (False, "somebody", None)


def test_a_schedule_is_that_of_the_row_as_it_stands_now():
    later = NOW + timedelta(hours=3)
    current = SOURCE._replace(is_enabled=False, disabled_reason="somebody", next_fetch_at=later, error_count=7)

    state = with_schedule_of(SOURCE, current)

    assert state == SOURCE._replace(is_enabled=False, disabled_reason="somebody", next_fetch_at=later)


def test_a_failure_waits_as_long_as_the_server_asks():
    error = ProviderError("unreachable", "code", "detail", retry_after_seconds=7_200.0)  # type: ignore[arg-type]

    state = after_failure(SOURCE, Fetched(), error, is_final=False, now=NOW, again=again)

    assert state.backoff_seconds >= 7_200.0
