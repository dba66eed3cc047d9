"""What is written when receivers are told: a numbered delivery for each, events, history, and what counts as fired."""

from datetime import timedelta
from typing import get_args
from uuid import UUID

import pytest

from alerts.column_values import FlushReason
from alerts.lifecycle.notifier import Decision, Records, records_of
from alerts.lifecycle.states import Lifecycle, flushed
from alerts.notification.body import notice
from tests.builders.alerts import NOW, alert_row

RECEIVER, ANOTHER = UUID(int=1), UUID(int=2)
ALERT = alert_row(state="firing", flush_reason="repeat", n_notifications=4, last_flushed_at=NOW - timedelta(hours=1))
TOLD_AGAIN = flushed(ALERT, NOW, is_empty=False, expires_at=ALERT.expires_at, repeat_after=timedelta(hours=1)).lifecycle


def recorded(reason: FlushReason, *, after: Lifecycle = TOLD_AGAIN, told: tuple[UUID, ...] = ()) -> Records:
    decision = Decision(ALERT, [RECEIVER], after, ALERT.title, notice(reason, "{}", NOW))
    return records_of([decision], {ALERT.alert_id: told}, NOW, ledger_begins=NOW - timedelta(days=30))


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
