"""Rows of alerts, whole and sound, of which a test names what it is about."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from alerts.repository.alerts import AlertRow

NOW = datetime(2024, 3, 5, 15, 0, tzinfo=UTC)

_SOUND = AlertRow(
    alert_id=uuid4(),
    kind="impact",
    rule_id=uuid4(),
    rule_name="falls",
    group_key="group",
    group_labels={"ticker": "TSLA"},
    window_start=NOW - timedelta(hours=1),
    state="firing",
    severity="warning",
    labels={"desk": "cars"},
    title="TSLA down",
    starts_at=NOW,
    updated_at=NOW,
    ends_at=None,
    expires_at=NOW + timedelta(hours=4),
    group_interval_seconds=300.0,
    repeat_interval_seconds=3_600.0,
    flush_at=None,
    flush_reason=None,
    n_notifications=0,
    last_flushed_at=None,
    notified_at=None,
    revision=1,
)


def alert_row(**fields: object) -> AlertRow:
    """Return the row of a firing alert of which nobody was told, with some columns changed."""
    return AlertRow._make(fields.get(name, value) for name, value in _SOUND._asdict().items())
