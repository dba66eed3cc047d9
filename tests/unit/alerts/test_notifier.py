"""What is written when receivers are told: a numbered delivery for each, events, history, and what counts as fired."""

import json
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

import pytest

from alerts.column_values import FlushReason
from alerts.lifecycle.notifier import Contents, Decision, Records, decide, records_of
from alerts.lifecycle.states import Lifecycle, flushed
from alerts.notification.body import notice
from alerts.repository.alerts import DueAlert
from common.contracts import AlertState, Impact
from tests.builders.alerts import NOW, alert_row
from tests.builders.impacts import impact

RECEIVER, ANOTHER = UUID(int=1), UUID(int=2)
ALERT = alert_row(state="firing", flush_reason="repeat", n_notifications=4, last_flushed_at=NOW - timedelta(hours=1))
TOLD_AGAIN = flushed(ALERT, NOW, is_empty=False, expires_at=ALERT.expires_at, repeat_after=timedelta(hours=1)).lifecycle


def recorded(
    reason: FlushReason,
    *,
    after: Lifecycle = TOLD_AGAIN,
    told: tuple[UUID, ...] = (),
    is_correction: bool = False,
    ledger_begins: datetime = NOW - timedelta(days=30),
) -> Records:
    decision = Decision(ALERT, [RECEIVER], after, ALERT.title, notice(reason, "{}", NOW), is_correction)
    return records_of([decision], {ALERT.alert_id: told}, NOW, ledger_begins=ledger_begins)


def decided(
    reason: FlushReason, state: AlertState, amended: Impact, amended_at: datetime, *, n_notifications: int = 1
) -> Decision:
    """Return the decision on an alert that was told of a minute ago, with a correction of an impact in it."""
    told_at = NOW - timedelta(minutes=1) if n_notifications else None
    alert = alert_row(
        state=state,
        ends_at=NOW if state == "expired" else None,
        flush_at=NOW,
        flush_reason=reason,
        n_notifications=n_notifications,
        last_flushed_at=told_at,
    )
    due = DueAlert(alert, [str(RECEIVER)], is_rule_deleted=False)
    standing = impact().model_dump_json()
    # What has been touched is read by the moment of the last notice.
    is_touched = told_at is None or amended_at >= told_at
    contents = Contents(
        documents=[standing],
        strongest=standing,
        n_standing=1,
        touched=[amended.impact_id] if is_touched else [],
        has_retracted=is_touched and amended.state == "retracted",
    )
    return decide(due, contents, NOW)


def amendment_in(decision: Decision) -> object:
    assert decision.notice is not None
    return json.loads(decision.notice.data).get("amendment")


def test_a_delivery_carries_the_ordinal_of_its_notice() -> None:
    (delivery,) = recorded("repeat").deliveries

    assert (delivery.alert_id, delivery.receiver_id, delivery.notification) == (ALERT.alert_id, RECEIVER, 5)
    assert (delivery.event_type, delivery.reason) == ("alert.firing", "repeat")


@pytest.mark.parametrize("reason", get_args(FlushReason))
def test_only_the_first_notice_and_one_of_a_reopened_alert_count_as_fired(reason: FlushReason) -> None:
    assert recorded(reason).fired == (["warning"] if reason in {"first", "reopened"} else [])


@pytest.mark.parametrize("reason", get_args(FlushReason))
def test_every_notice_but_the_last_is_an_event_of_the_stream(reason: FlushReason) -> None:
    kind = "alert.amended" if reason in {"revised", "retracted"} else "alert.firing"

    assert recorded(reason).events == ([] if reason == "resolved" else [(kind, "{}")])


def test_a_change_of_state_enters_the_history_with_the_reason_of_the_notice() -> None:
    (change,) = recorded("retracted", after=TOLD_AGAIN._replace(state="resolved", ends_at=NOW)).transitions

    assert (change.alert_id, change.happened_at) == (ALERT.alert_id, NOW)
    assert (change.from_state, change.to_state, change.reason) == ("firing", "resolved", "retracted")


def test_an_alert_that_is_emptied_before_anybody_was_told_ends_as_withdrawn_and_tells_nobody() -> None:
    ended = TOLD_AGAIN._replace(state="resolved", ends_at=NOW)

    records = records_of([Decision(ALERT, [RECEIVER], ended, ALERT.title, None)], {}, NOW, ledger_begins=NOW)

    assert records.deliveries == records.fired == []
    assert [change.reason for change in records.transitions] == ["withdrawn"]
    assert [name for name, _ in records.events] == ["alert.resolved"]


def test_the_end_is_told_to_those_who_heard_of_the_alert_and_a_correction_to_those_of_today_as_well() -> None:
    ended = TOLD_AGAIN._replace(state="resolved", ends_at=NOW)

    assert [each.receiver_id for each in recorded("resolved", after=ended, told=(ANOTHER,)).deliveries] == [ANOTHER]
    assert [each.receiver_id for each in recorded("revised", told=(ANOTHER,)).deliveries] == [ANOTHER, RECEIVER]
    assert [each.receiver_id for each in recorded("repeat", told=(ANOTHER,)).deliveries] == [RECEIVER]


def test_a_reopening_that_tells_a_correction_goes_to_both_and_counts_as_fired() -> None:
    records = recorded("reopened", told=(ANOTHER,), is_correction=True)

    assert [each.receiver_id for each in records.deliveries] == [ANOTHER, RECEIVER]
    assert [name for name, _ in records.events] == ["alert.firing"]
    assert records.fired == ["warning"]


def test_an_end_that_tells_a_correction_goes_to_those_who_heard_and_amends_in_the_stream() -> None:
    ended = TOLD_AGAIN._replace(state="firing", ends_at=NOW)

    records = recorded("resolved", after=ended, told=(ANOTHER,), is_correction=True)

    assert [(each.receiver_id, each.event_type) for each in records.deliveries] == [(ANOTHER, "alert.resolved")]
    assert records.events == [("alert.amended", "{}")]


@pytest.mark.parametrize(("told_at", "receivers"), [(0, [ANOTHER]), (1, [ANOTHER, RECEIVER])])
def test_where_the_ledger_may_have_forgotten_who_was_told_all_hear_of_the_end(
    told_at: int, receivers: list[UUID]
) -> None:
    ended = TOLD_AGAIN._replace(state="resolved", ends_at=NOW)
    assert ALERT.last_flushed_at is not None
    begins = ALERT.last_flushed_at + timedelta(microseconds=told_at)

    records = recorded("resolved", after=ended, told=(ANOTHER,), ledger_begins=begins)

    assert [each.receiver_id for each in records.deliveries] == receivers


@pytest.mark.parametrize(
    ("reason", "state"),
    [("resolved", "expired"), ("reopened", "pending"), ("revised", "firing"), ("retracted", "firing")],
)
@pytest.mark.parametrize("change", ["revised", "retracted"])
def test_a_notice_names_what_was_corrected_since_the_last_one(
    reason: FlushReason, state: AlertState, change: Literal["revised", "retracted"]
) -> None:
    amended = impact(revision=2, state=change)

    decision = decided(reason, state, amended, NOW - timedelta(minutes=1))
    earlier = decided(reason, state, amended, NOW - timedelta(minutes=1, microseconds=1))

    said = reason if reason in {"revised", "retracted"} else change
    assert decision.notice is not None
    assert (decision.notice.reason, decision.is_correction) == (reason, True)
    assert amendment_in(decision) == {"reason": said, "impact_ids": [str(amended.impact_id)]}
    assert amendment_in(earlier) == (
        {"reason": reason, "impact_ids": []} if reason in {"revised", "retracted"} else None
    )


def test_an_alert_that_nobody_was_told_of_goes_out_corrected_without_an_amendment() -> None:
    for reason in ("first", "reopened"):
        decision = decided(reason, "pending", impact(revision=2, state="revised"), NOW, n_notifications=0)

        assert (amendment_in(decision), decision.is_correction) == (None, False)
