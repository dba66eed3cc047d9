"""Events of the service's stream about alerts that no notice announces."""

import json
from datetime import datetime

from alerts.repository.alerts import AlertRow


def ended_event(alert: AlertRow, now: datetime) -> str:
    """Return the event that says an alert has ended."""
    return json.dumps(
        {
            "alert_id": str(alert.alert_id),
            "rule_id": str(alert.rule_id),
            "rule_name": alert.rule_name,
            "severity": alert.severity,
            "group_labels": alert.group_labels,
            "title": alert.title,
            "state": alert.state,
            "ends_at": now.isoformat(),
        }
    )
