"""Alerts of very many impacts: what is shown is read, the rest is counted."""

import json

import pytest

from alerts.repository import signals
from tests.builders.impacts import impact
from tests.integration.alerts.test_deliveries import delivery_in

N_IMPACTS = 120


@pytest.fixture
async def large(alerts, webhook):
    """Return the impacts of a firing alert that a receiver was told of, in the order of their arrival."""
    created = await alerts.receiver(url=webhook.url)
    webhook.secret = created["secret"]
    await alerts.rule(group_by=["ticker"], receivers=["desk"], group_wait_seconds=0.2, group_interval_seconds=1)
    # Scores go up and down, and each comes twice.
    given = [impact(impact_score=60.0 + (number * 7 % 60) / 2) for number in range(N_IMPACTS)]
    assert await alerts.signals(*given) == ["stored"] * N_IMPACTS
    await delivery_in(alerts, "delivered")
    return given


def strongest_first(impacts):
    return [str(each.impact_id) for each in sorted(impacts, key=lambda each: -each.impact_score)]


async def test_a_notice_lists_the_strongest_and_counts_the_others(alerts, webhook, large):
    data = webhook.arrivals[0].data

    assert [each["impact_id"] for each in data["impacts"]] == strongest_first(large)[: len(data["impacts"])]
    assert (data["n_impacts"], data["truncated_impacts"]) == (N_IMPACTS, N_IMPACTS - len(data["impacts"]))
    assert data["lineage"]["article_id"] == data["impacts"][0]["article_id"]


async def test_the_inbox_shows_the_first_fifty_and_counts_all(alerts, large):
    (alert,) = await alerts.alerts()

    assert [each["impact_id"] for each in alert["impacts"]] == strongest_first(large)[:50]
    assert alert["n_impacts"] == N_IMPACTS


async def test_no_more_impacts_leave_the_database_than_are_shown(alerts, large):
    (alert,) = await alerts.alerts()

    async with alerts.runtime.database.reading() as connection:
        rows = await signals.list_shown_signals(connection, [alert["alert_id"]], limit=10, withdrawn_by_score=False)

    assert [row.place for row in rows] == list(range(1, 11))
    assert {(row.n_standing, row.n_withdrawn) for row in rows} == {(N_IMPACTS, 0)}
    assert [row.is_strongest for row in rows] == [True] + [False] * 9


async def test_what_a_correction_took_out_comes_last_and_is_named(alerts, webhook, large):
    # The strongest goes below the rule's threshold, another one is retracted.
    gone = sorted(large, key=lambda each: -each.impact_score)[:2]
    weaker = gone[0].model_copy(update={"revision": 2, "impact_score": 1.0})
    retracted = gone[1].model_copy(update={"revision": 2, "state": "retracted"})

    assert await alerts.signals(weaker, retracted) == ["stored"] * 2

    async def is_amended() -> bool:
        return any(each.type == "alert.amended" for each in webhook.arrivals)

    await alerts.until(is_amended)
    data = webhook.arrivals[-1].data
    (alert,) = await alerts.alerts()
    async with alerts.runtime.database.reading() as connection:
        ranked = await signals.list_shown_signals(
            connection, [alert["alert_id"]], limit=N_IMPACTS, withdrawn_by_score=True
        )
    assert data["n_impacts"] == alert["n_impacts"] == N_IMPACTS - 2
    assert set(data["amendment"]["impact_ids"]) == {str(each.impact_id) for each in gone}
    assert [json.loads(each.document)["impact_id"] for each in ranked[-2:]] == [
        str(retracted.impact_id),
        str(weaker.impact_id),
    ]
    assert [each.is_active for each in ranked[-3:]] == [True, False, False]
