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
    ("joined", alert("expired", "revised"), (LATER, "reopened")),
    ("joined", alert("expired", "retracted")._replace(flush_at=NOW), (NOW, "reopened")),
    ("joined", alert("resolved", told=0), (NOW, "reopened")),
    ("corrected", alert("pending", "first", told=0), (NOW + timedelta(minutes=10), "first")),
    ("corrected", alert("firing", "repeat"), (NOW, "revised")),
    ("corrected", alert("acknowledged"), (NOW, "revised")),
    ("corrected", alert("expired"), (NOW, "revised")),
    ("corrected", alert("expired", "resolved"), (NOW, "resolved")),
    ("corrected", alert("resolved", "resolved"), (NOW, "resolved")),
    ("corrected", alert("pending", "reopened"), (NOW, "reopened")),
    ("corrected", alert("firing", "retracted"), (NOW, "retracted")),
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
    ("acknowledged", alert("pending", "reopened"), (NOW + timedelta(minutes=10), "reopened")),
    ("acknowledged", alert("pending", "reopened", told=0), (None, None)),
    ("resolved", alert("firing", "repeat"), (NOW, "resolved")),
    ("resolved", alert("pending", "first", told=0), (None, None)),
    ("resolved", alert("expired", "revised"), (NOW + timedelta(minutes=10), "revised")),
    ("expired", alert("firing"), (NOW, "resolved")),
    ("expired", alert("acknowledged"), (NOW, "resolved")),
    ("expired", alert("firing", told=0), (None, None)),
    ("reported", alert("pending", "first", told=0), (NOW, "first")),
    ("reported", alert("firing"), (LATER, "new_events")),
    ("reported", alert("firing", "new_events"), (LATER, "new_events")),
    ("reported", alert("pending", "reopened")._replace(flush_at=NOW), (NOW, "reopened")),
    ("reported", alert("firing", "new_events")._replace(flush_at=NOW), (NOW, "new_events")),
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


REASONS: tuple[FlushReason | None, ...] = (None, *get_args(FlushReason))
KEPT = "- first new_impacts new_events repeat reopened revised retracted resolved"

# happening, states before: what is planned after, for each reason in `REASONS`, of an alert that somebody was told of.
REASONS_AFTER: list[tuple[Happening, str, str]] = [
    (
        "joined",
        "pending firing",
        "new_impacts first new_impacts new_events new_impacts reopened revised retracted resolved",
    ),
    ("joined", "acknowledged", KEPT),
    ("joined", "resolved expired", " ".join(["reopened"] * 9)),
    (
        "corrected",
        "pending firing acknowledged resolved expired",
        "revised first revised revised revised reopened revised retracted resolved",
    ),
    ("told", "pending firing", " ".join(["repeat"] * 9)),
    ("told", "acknowledged resolved expired", " ".join("-" * 9)),
    ("emptied", "pending firing acknowledged resolved expired", " ".join("-" * 9)),
    ("acknowledged", "pending firing acknowledged", "- - - - - reopened revised retracted -"),
    ("resolved", "pending firing acknowledged", " ".join(["resolved"] * 9)),
    ("resolved", "resolved expired", KEPT),
    ("expired", "pending firing acknowledged", " ".join(["resolved"] * 9)),
    (
        "reported",
        "pending firing",
        "new_events first new_impacts new_events new_events reopened revised retracted resolved",
    ),
    ("reported", "acknowledged", KEPT),
    ("reported", "resolved expired", " ".join(["reopened"] * 9)),
    ("cleared", "pending firing acknowledged", " ".join(["resolved"] * 9)),
    ("cleared", "resolved expired", KEPT),
]


def test_every_happening_makes_of_every_plan_what_the_table_says() -> None:
    found = {
        (happening, state, reason): DOING[happening](alert(state, reason)).flush_reason
        for happening in get_args(Happening)
        for state in STATES
        for reason in REASONS
        if happening == "emptied" or state in NEXT_STATE[happening]
    }

    assert found == {
        (happening, state, reason): None if after == "-" else after
        for happening, before, row in REASONS_AFTER
        for state in before.split()
        for reason, after in zip(REASONS, row.split(), strict=True)
    }


def _heard(before: Lifecycle, *, is_empty: bool) -> bool | None:
    """Return whether a receiver that gets the notice takes the alert to stand; None when there is no notice."""
    after = flushed(before, is_empty=is_empty)
    if after.reason is None:
        return None
    kind = TYPE_OF_REASON[after.reason]
    return states.is_open(after.lifecycle) if kind == "alert.amended" else kind == "alert.firing"


def test_after_any_happenings_receivers_know_whether_it_stands_and_what_was_corrected() -> None:
    # An alert, what a receiver takes it for, and whether a correction is still to be told.
    first: tuple[Lifecycle, bool, bool] = (alert("pending", "first", told=0), False, False)
    seen, ahead = {first}, [first]
    while ahead:
        before, heard, is_corrected = ahead.pop()
        for happening, do in DOING.items():
            if happening not in {"told", "emptied"} and before.state not in NEXT_STATE[happening]:
                continue
            if happening in {"told", "emptied"} and before.flush_at is None:
                continue
            # Postponed and due times are all one here, and so is how often it was told.
            after = do(before)
            plan = None if after.flush_reason is None else NOW
            after = after._replace(flush_at=plan, n_notifications=min(after.n_notifications, 1))
            reached = (after, heard, is_corrected or (happening == "corrected" and before.n_notifications > 0))
            if happening in {"told", "emptied"}:
                told = _heard(before, is_empty=happening == "emptied")
                reached = (after, heard if told is None else told, False)
            if reached not in seen:
                seen.add(reached)
                ahead.append(reached)

    settled = [each for each in seen if each[0].flush_reason in {None, "repeat"} and each[0].n_notifications]
    assert {each[0].state for each in settled} == set(STATES) - {"pending"}
    assert [each for each in settled if each[1] != states.is_open(each[0]) or each[2]] == []
    assert {each[0].flush_reason for each in seen if each[2]} == {"revised", "reopened", "resolved"}


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
