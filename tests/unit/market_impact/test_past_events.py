"""The memory of realised news."""

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_impact.estimation.past_events import NewsKind, PastEvent, PastEvents

KIND = NewsKind("reaction", 1, "analyst_upgrade", "positive")


def event(
    number: int, *, known_at: int | None = None, ticker: str = "ACME", day: int | None = None, x: float = 1.0
) -> PastEvent:
    moment = number if known_at is None else known_at
    return PastEvent(UUID(int=number), KIND, ticker, number if day is None else day, moment, 0.5, 0.01 * x, x)


def test_only_what_was_known_before_counts() -> None:
    past = PastEvents()
    for number in (1, 2, 3):
        past.add(event(number))

    assert past.of_kind(KIND, 3).n == 2
    assert past.of_kind(KIND, 1).n == 0
    assert past.of_kind(KIND, 4).n == 3


def test_kinds_and_bases_are_kept_apart() -> None:
    past = PastEvents()
    past.add(event(1))

    assert past.of_kind(KIND._replace(basis="after"), 10).n == 0
    assert past.of_kind(KIND._replace(event_type="other"), 10).n == 0
    assert past.of_horizon("after", 1, 10).n == 0
    assert past.of_horizon("reaction", 1, 10).n == 1
    assert past.of_ticker(KIND, "BETA", 10).n == 0


def test_many_articles_on_one_session_are_one_observation() -> None:
    past = PastEvents()
    past.add(event(1, day=7))
    past.add(event(2, day=7))

    assert past.of_kind(KIND, 10).n == 1
    past.discard(UUID(int=1))
    assert past.of_kind(KIND, 10).n == 1
    past.discard(UUID(int=2))
    assert past.of_kind(KIND, 10).n == 0
    assert len(past) == 0


def test_a_repeated_event_changes_nothing() -> None:
    past = PastEvents()
    past.add(event(1))
    past.add(event(1))

    assert past.of_kind(KIND, 10).n == 1
    past.discard(UUID(int=99))


def test_an_outlier_is_bounded_in_the_standardised_sum_only() -> None:
    past = PastEvents()
    past.add(event(1, x=50.0))

    found = past.of_kind(KIND, 10)
    assert found.x == 6.0
    assert found.c == pytest.approx(0.5)


def test_the_latest_events_are_kept() -> None:
    past = PastEvents()
    for number in range(1, 131):
        past.add(event(number))

    past.keep_latest(100)

    assert past.of_kind(KIND, 1_000).n == 100
    assert past.of_kind(KIND, 31).n == 0


@settings(max_examples=50, deadline=None)
@given(moments=st.lists(st.integers(0, 20), max_size=25), dropped=st.sets(st.integers(0, 24)), asked=st.integers(0, 21))
def test_sums_do_not_depend_on_the_order_of_arrival(moments: list[int], dropped: set[int], asked: int) -> None:
    past = PastEvents()
    for number, moment in enumerate(moments):
        past.add(event(number, known_at=moment, x=float(number)))
    for number in dropped:
        past.discard(UUID(int=number))

    kept = [number for number in range(len(moments)) if number not in dropped and moments[number] < asked]
    found = past.of_kind(KIND, asked)
    assert found.n == len(kept)
    assert found.c == pytest.approx(sum(0.01 * number for number in kept))
