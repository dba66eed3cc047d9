"""What an alert may become: every happening in every state, when receivers are told then, and why."""

from collections.abc import Callable
from datetime import timedelta
from typing import get_args

import pytest

from alerts.column_values import FlushReason
from alerts.lifecycle import states
from alerts.lifecycle.states import ENDED, NEXT_STATE, Flush, Happening, ImpossibleTransition, Lifecycle
from alerts.notification.body import TYPE_OF_REASON
from common.contracts import AlertState
from tests.builders.alerts import NOW

STATES: tuple[AlertState, ...] = get_args(AlertState)
BEFORE = NOW - timedelta(minutes=1)
INTERVAL, REPEAT, WINDOW = timedelta(minutes=5), timedelta(hours=1), timedelta(hours=4)
LATER = BEFORE + INTERVAL


def alert(state: AlertState, flush: FlushReason | None = None, *, told: int = 1) -> Lifecycle:
    """Return an alert whose next notice, if one is planned, is in ten minutes."""
    return Lifecycle(
        state=state,
        ends_at=BEFORE if state in ENDED else None,
        flush_at=NOW + timedelta(minutes=10) if flush else None,
        flush_reason=flush,
        n_notifications=told,
        last_flushed_at=BEFORE if told else None,
    )


def flushed(before: Lifecycle, *, is_empty: bool = False) -> Flush:
    return states.flushed(before, NOW, is_empty=is_empty, expires_at=NOW + WINDOW, repeat_after=REPEAT)


DOING: dict[Happening, Callable[[Lifecycle], Lifecycle]] = {
    "joined": lambda before: states.joined(before, NOW, INTERVAL),
    "corrected": lambda before: states.corrected(before, "revised", NOW),
    "told": lambda before: flushed(before).lifecycle,
    "emptied": lambda before: flushed(before, is_empty=True).lifecycle,
    "acknowledged": states.acknowledged,
    "resolved": lambda before: states.resolved(before, NOW),
    "expired": lambda before: states.expired(before, NOW),
    "reported": lambda before: states.reported(before, NOW, is_worse=False, group_interval=INTERVAL),
    "cleared": lambda before: states.cleared(before, NOW),
}

# happening: the state after `pending firing acknowledged resolved expired`, and "-" where it is impossible.
TABLE: dict[Happening, str] = {
    "joined": "pending firing acknowledged pending pending",
    "corrected": "pending firing acknowledged resolved expired",
    "told": "firing firing acknowledged resolved expired",
    # An ended alert that a correction has emptied is told of, and stays as it is.
    "emptied": "resolved resolved resolved resolved expired",
    "acknowledged": "acknowledged acknowledged acknowledged - -",
    "resolved": "resolved resolved resolved resolved expired",
    "expired": "expired expired expired - -",
    "reported": "pending firing acknowledged pending pending",
    "cleared": "resolved resolved resolved resolved resolved",
}


@pytest.mark.parametrize("happening", get_args(Happening))
@pytest.mark.parametrize("position", range(len(STATES)), ids=STATES)
def test_every_happening_leads_from_every_state_where_the_table_says(happening: Happening, position: int) -> None:
    before, expected = alert(STATES[position]), TABLE[happening].split()[position]

    if expected == "-":
        with pytest.raises(ImpossibleTransition, match=f"{before.state} cannot be {happening}"):
            DOING[happening](before)
    else:
        after = DOING[happening](before)
        assert after.state == expected
        assert (after.ends_at is None) == (after.state not in ENDED)


@pytest.mark.parametrize("happening", sorted(set(get_args(Happening)) - {"told", "emptied"}))
def test_only_a_notice_changes_how_often_and_when_receivers_were_told_last(happening: Happening) -> None:
    before = alert("firing", "new_impacts", told=7)

    after = DOING[happening](before)

    assert (after.n_notifications, after.last_flushed_at) == (7, BEFORE)


def test_every_happening_has_a_row_and_every_state_is_reached() -> None:
    assert set(NEXT_STATE) == set(get_args(Happening)) == set(TABLE)
    assert {after for row in NEXT_STATE.values() for after in row.values()} == set(STATES)


# happening, the alert before, what is planned after: when and why.
PLANS = [
    ("joined", alert("pending", "first", told=0), (NOW + timedelta(minutes=10), "first")),
    ("joined", alert("firing"), (LATER, "new_impacts")),
    ("joined", alert("firing", "repeat"), (LATER, "new_impacts")),
    ("joined", alert("firing", "new_impacts"), (NOW + timedelta(minutes=10), "new_impacts")),
    ("joined", alert("firing", "revised"), (NOW + timedelta(minutes=10), "revised")),
    ("joined", alert("acknowledged"), (None, None)),
    ("joined", alert("acknowledged", "retracted"), (NOW + timedelta(minutes=10), "retracted")),
    ("joined", alert("resolved", "resolved"), (LATER, "reopened")),
    ("joined", alert("expired"), (LATER, "reopened")),
    ("joined", alert("resolved", told=0), (NOW, "reopened")),
    ("corrected", alert("pending", "first", told=0), (NOW + timedelta(minutes=10), "first")),
    ("corrected", alert("firing", "repeat"), (NOW, "revised")),
    ("corrected", alert("acknowledged"), (NOW, "revised")),
    ("corrected", alert("expired"), (NOW, "revised")),
    ("told", alert("pending", "first", told=0), (NOW + REPEAT, "repeat")),
    ("told", alert("firing", "new_impacts"), (NOW + REPEAT, "repeat")),
    ("told", alert("acknowledged", "revised"), (None, None)),
    ("told", alert("expired", "resolved"), (None, None)),
    ("emptied", alert("firing", "revised"), (None, None)),
    ("acknowledged", alert("firing", "repeat"), (None, None)),
    ("acknowledged", alert("firing", "new_impacts"), (None, None)),
    ("acknowledged", alert("firing", "revised"), (NOW + timedelta(minutes=10), "revised")),
    ("acknowledged", alert("firing", "retracted"), (NOW + timedelta(minutes=10), "retracted")),
    ("acknowledged", alert("acknowledged"), (None, None)),
    ("resolved", alert("firing", "repeat"), (NOW, "resolved")),
    ("resolved", alert("pending", "first", told=0), (None, None)),
    ("resolved", alert("expired", "revised"), (NOW + timedelta(minutes=10), "revised")),
    ("expired", alert("firing"), (NOW, "resolved")),
    ("expired", alert("acknowledged"), (NOW, "resolved")),
    ("expired", alert("firing", told=0), (None, None)),
    ("reported", alert("pending", "first", told=0), (NOW, "first")),
    ("reported", alert("firing"), (LATER, "new_events")),
    ("reported", alert("acknowledged"), (None, None)),
    ("reported", alert("resolved"), (NOW, "reopened")),
    ("reported", alert("resolved", told=0), (NOW, "first")),
    ("cleared", alert("firing", "new_events"), (NOW, "resolved")),
    ("cleared", alert("firing", told=0), (None, None)),
    ("cleared", alert("resolved", "resolved"), (NOW + timedelta(minutes=10), "resolved")),
]


@pytest.mark.parametrize(("happening", "before", "expected"), PLANS)
def test_what_is_planned_after_it(happening: Happening, before: Lifecycle, expected: tuple[object, object]) -> None:
    after = DOING[happening](before)

    assert (after.flush_at, after.flush_reason) == expected


@pytest.mark.parametrize(
    ("before", "is_empty", "reason"),
    [
        (alert("pending", "first", told=0), False, "first"),
        (alert("pending", "reopened"), False, "reopened"),
        (alert("pending"), False, "first"),
        (alert("firing", "repeat"), False, "repeat"),
        (alert("firing", "revised"), False, "revised"),
        (alert("firing", "revised"), True, "revised"),
        (alert("firing", "new_impacts"), True, "retracted"),
        (alert("pending", "first", told=0), True, None),
        (alert("resolved", "resolved"), False, "resolved"),
        (alert("expired", "resolved"), False, "resolved"),
        (alert("expired", "retracted"), True, "retracted"),
    ],
)
def test_what_receivers_are_told_and_that_it_is_counted(
    before: Lifecycle, is_empty: bool, reason: FlushReason | None
) -> None:
    after = flushed(before, is_empty=is_empty)

    assert after.reason == reason
    assert after.lifecycle.n_notifications == before.n_notifications + (reason is not None)
    assert after.lifecycle.last_flushed_at == (before.last_flushed_at if reason is None else NOW)


def test_the_end_of_an_alert_is_told_as_resolved_however_it_came() -> None:
    ends = [DOING[happening](alert("firing")) for happening in ("resolved", "expired", "cleared")]

    assert {TYPE_OF_REASON[flushed(end).reason or "first"] for end in ends} == {"alert.resolved"}


def test_every_reason_to_tell_has_a_type_of_notice() -> None:
    assert set(get_args(FlushReason)) <= set(TYPE_OF_REASON)


def test_an_alert_begins_waiting_or_firing() -> None:
    waiting = states.opened(flush_at=NOW + INTERVAL, now=NOW, expires_at=NOW + WINDOW, repeat_after=REPEAT)
    firing = states.opened(flush_at=NOW, now=NOW, expires_at=NOW + WINDOW, repeat_after=REPEAT)
    short = states.opened(flush_at=NOW, now=NOW, expires_at=NOW + REPEAT, repeat_after=REPEAT)

    assert waiting == Lifecycle("pending", None, NOW + INTERVAL, "first", 0, None)
    assert firing == Lifecycle("firing", None, NOW + REPEAT, "repeat", 1, NOW)
    assert short == Lifecycle("firing", None, None, None, 1, NOW)


def test_a_repeat_that_the_end_would_overtake_or_whose_rule_is_gone_is_not_planned() -> None:
    before = alert("firing", "repeat")

    overtaken = states.flushed(before, NOW, is_empty=False, expires_at=NOW + REPEAT, repeat_after=REPEAT)
    gone = states.flushed(before, NOW, is_empty=False, expires_at=NOW + WINDOW, repeat_after=None)

    assert overtaken.lifecycle.flush_at is gone.lifecycle.flush_at is None


def test_an_alert_of_the_platform_begins_told_at_once_or_over() -> None:
    assert states.first_reported(NOW, is_firing=True) == Lifecycle("pending", None, NOW, "first", 0, None)
    assert states.first_reported(NOW, is_firing=False) == Lifecycle("resolved", NOW, None, None, 0, None)


def test_worse_news_of_the_platform_is_told_at_once() -> None:
    after = states.reported(alert("firing"), NOW, is_worse=True, group_interval=INTERVAL)

    assert (after.flush_at, after.flush_reason) == (NOW, "new_events")


def test_a_repeat_is_rounded_up_to_the_group_interval() -> None:
    assert states.repeat_interval(14_400, 300) == timedelta(hours=4)
    assert states.repeat_interval(1_000, 300) == timedelta(seconds=1_200)
    assert states.repeat_interval(1_000, 0) == timedelta(seconds=1_000)
