"""The campaign in its short form; and its balances show what they are there to show."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.emulators.webhook_receiver import Arrival
from tests.faults.campaign.balances import HopBalance, check
from tests.faults.campaign.clients import Accepted
from tests.faults.campaign.plan import make_plan
from tests.faults.campaign.records import Records
from tests.faults.campaign.report import as_text
from tests.faults.campaign.running import Campaign, run_campaign
from tests.faults.campaign.schedule import make_schedule

ARTICLE, ANALYSIS, IMPACT, SIGNAL, ALERT, DELIVERY = (UUID(int=number) for number in range(1, 7))
KEY = {"article_id": ARTICLE, "ticker": "AAPL", "horizon_days": 1, "basis": "after"}


def body(revision: int) -> str:
    return (
        f'{{"data": {{"impacts": [{{"article_id": "{ARTICLE}", "ticker": "AAPL", "horizon_days": 1, '
        f'"basis": "after", "revision": {revision}}}]}}}}'
    )


def records(**changes: Any) -> Records:
    """One article in revision 2, and everything that follows from it."""
    right = Records(
        articles={
            ARTICLE: {
                "article_id": ARTICLE,
                "revision": 2,
                "state": "revised",
                "title": "B",
                "url": "u",
                "duplicate_of": None,
            }
        },
        analyses=[analysis()],
        assessments=[{"article_id": ARTICLE, "revision": 2, "analysis_id": ANALYSIS, "result": "scored"}],
        impacts=[{"impact_id": IMPACT, "revision": 2, **KEY}],
        signals=[signal()],
        links=[{"alert_id": ALERT, "signal_id": SIGNAL, "is_active": True, "amended_at": None}],
        alerts=[{"alert_id": ALERT, "state": "firing", "n_notifications": 1}],
        deliveries=[delivery()],
        attempts={DELIVERY: {"delivery_id": DELIVERY, "attempts": 1, "delivered": 1}},
        dead_letters={},
        waiting={},
    )
    return replace(right, **changes)


def analysis(**changes: Any) -> dict[str, Any]:
    right = {"analysis_id": ANALYSIS, "article_id": ARTICLE, "revision": 2, "state": "revised", "title": "B"}
    return {**right, **changes}


def signal(**changes: Any) -> dict[str, Any]:
    right = {"signal_id": SIGNAL, "impact_id": IMPACT, "revision": 2, "state": "revised", "is_matched": True}
    return {**right, **KEY, **changes}


def delivery(**changes: Any) -> dict[str, Any]:
    right = {
        "delivery_id": DELIVERY,
        "webhook_id": "msg_1",
        "alert_id": ALERT,
        "receiver_id": UUID(int=9),
        "notification": 1,
        "reason": "first",
        "state": "delivered",
        "body": body(2),
    }
    return {**right, **changes}


def arrival(webhook_id: str = "msg_1", **data: Any) -> Arrival:
    return Arrival("/hooks", webhook_id, "0", 1, is_verified=True, type="alert.firing", data=data, n_bytes=1)


def wrong(told: dict[str, Accepted], found: Records, arrivals: Sequence[Arrival]) -> set[tuple[str, str]]:
    """Return the hops that are wrong, each with what is wrong there."""
    balances: list[HopBalance] = check(told, found, arrivals)
    return {(balance.hop, kind) for balance in balances for kind, items in balance.faults.items() if items}


TOLD = {"u": Accepted({str(ARTICLE)}, "B", 1)}


def test_books_without_a_fault_add_up() -> None:
    assert wrong(TOLD, records(), [arrival(), arrival()]) == set()


@pytest.mark.parametrize(
    ("state", "notification", "is_lost"), [("failed", 1, False), ("pending", 1, True), ("failed", 3, True)]
)
def test_only_a_notice_that_gave_way_to_a_newer_one_may_not_arrive(
    state: str, notification: int, is_lost: bool
) -> None:
    other = delivery(delivery_id=UUID(int=77), webhook_id="msg_0", notification=notification, state=state, reason="new")
    found = records(deliveries=[delivery(notification=2), other])

    assert (("webhooks", "lost") in wrong(TOLD, found, [arrival()])) == is_lost


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"articles": {}, "analyses": [], "assessments": [], "impacts": []}, ("news_ingestion", "lost")),
        ({"analyses": []}, ("nlp", "lost")),
        ({"analyses": [analysis(revision=1, title="A")]}, ("nlp", "corrections missing")),
        ({"analyses": [analysis(title="A")]}, ("nlp", "corrections missing")),
        ({"analyses": [analysis(), analysis()]}, ("nlp", "twice")),
        ({"assessments": []}, ("market_impact", "lost")),
        (
            {"assessments": [{"article_id": ARTICLE, "revision": 1, "analysis_id": ANALYSIS, "result": "scored"}]},
            ("market_impact", "corrections missing"),
        ),
        ({"impacts": []}, ("impacts", "lost")),
        ({"impacts": [{"impact_id": IMPACT, "revision": 2, **KEY}] * 2}, ("impacts", "twice")),
        ({"impacts": [{"impact_id": IMPACT, "revision": 1, **KEY}]}, ("impacts", "corrections missing")),
        ({"signals": [signal(revision=1)]}, ("alerts", "corrections missing")),
        ({"signals": [signal(), signal(ticker="BA")]}, ("alerts", "retractions missing")),
        ({"deliveries": [delivery(webhook_id="msg_2")]}, ("webhooks", "lost")),
        ({"deliveries": [delivery(), delivery(webhook_id="msg_2")]}, ("webhooks", "twice")),
        (
            {"attempts": {DELIVERY: {"delivery_id": DELIVERY, "attempts": 2, "delivered": 2}}},
            ("webhooks", "twice"),
        ),
        ({"links": []}, ("receivers told", "lost")),
        ({"deliveries": [delivery(body=body(1))]}, ("receivers told", "corrections missing")),
    ],
)
def test_the_books_show_what_is_wrong(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in wrong(TOLD, records(**changes), [arrival()])


def test_the_books_show_a_retraction_that_did_not_go_on() -> None:
    (article,) = records().articles.values()
    retracted = {ARTICLE: {**article, "revision": 3, "state": "retracted"}}
    told = {"u": Accepted({str(ARTICLE)}, "B", 1, is_retracted=True)}

    assert wrong(told, records(articles=retracted), [arrival()]) == {("nlp", "retractions missing")}
    assert wrong(told, records(), [arrival()]) == {("news_ingestion", "retractions missing")}


def test_the_books_show_one_webhook_with_two_contents() -> None:
    assert wrong(TOLD, records(), [arrival(n=1), arrival(n=2)]) == {("webhooks", "twice")}


def test_a_seed_makes_the_same_plan_and_the_same_faults() -> None:
    assert make_plan(7, 200, 10.0) == make_plan(7, 200, 10.0)
    assert make_plan(7, 200, 10.0) != make_plan(8, 200, 10.0)
    assert make_schedule(7, 60.0) == make_schedule(7, 60.0)
    kinds = {fault.kind for fault in make_schedule(7, 10.0)}
    assert kinds == {"kill", "restart", "pause", "reset", "stall", "full_disk", "clock"}


async def test_nothing_is_lost_doubled_or_left_uncorrected_whatever_is_killed() -> None:
    result = await run_campaign(
        Campaign(
            seed=1,
            n_articles=300,
            seconds=15.0,
            patience_seconds=120.0,
            max_jump_seconds=10.0,
            # Few articles, so many of them are corrected: the race between two versions is what breaks first.
            corrected_share=0.6,
        )
    )

    assert result.adds_up, as_text(result)
    assert result.told.given_up == 0, as_text(result)
    assert result.done.counts.total() > 0, as_text(result)
