"""The statement that makes or joins an alert does what `lifecycle.states.joined` says, on PostgreSQL."""

from datetime import timedelta
from itertools import product
from typing import get_args
from uuid import UUID

from alerts.column_values import FlushReason
from alerts.lifecycle.states import ENDED, Lifecycle, joined
from alerts.repository import alerts as repository
from common.clock import uuid7
from common.contracts import AlertState
from tests.builders.alerts import NOW, alert_row
from tests.integration.alerts.conftest import AlertsUnderTest

_INTERVAL = timedelta(minutes=5)


def _standings() -> list[Lifecycle]:
    """Return alerts in every state, with every plan, told long ago, just now or never."""
    plans = [(None, None), *((NOW + timedelta(minutes=10), reason) for reason in get_args(FlushReason))]
    told = [(0, None), (1, NOW - timedelta(seconds=1)), (2, NOW - timedelta(hours=1))]
    return [
        Lifecycle(state, NOW - timedelta(minutes=2) if state in ENDED else None, *plan, *last)
        for state, plan, last in product(get_args(AlertState), plans, told)
    ]


async def test_joining_an_alert_in_any_state_is_what_the_table_says(alerts: AlertsUnderTest) -> None:
    rule_id = UUID((await alerts.rule())["rule_id"])
    await alerts.runtime.stop_workers()
    standings = _standings()
    stored = [
        alert_row(alert_id=uuid7(), rule_id=rule_id, group_key=f"{number:03}", **before._asdict())
        for number, before in enumerate(standings)
    ]
    joining = [row._replace(alert_id=uuid7(), updated_at=NOW) for row in stored]

    async with alerts.service.database.transaction() as connection:
        await repository.insert_alerts(connection, stored)
        found = await repository.insert_or_join_alerts(connection, joining)
        after = await repository.claim_alerts(connection, [row.alert_id for row in stored])

    assert [row.alert_id for row in found] == [row.alert_id for row in stored]
    assert [row.previous_state for row in found] == [before.state for before in standings]
    for before, row in zip(standings, after, strict=True):
        held = Lifecycle(*(getattr(row, name) for name in Lifecycle._fields))
        assert held == joined(before, NOW, _INTERVAL), before
