"""Bodies of notifications: complete when small, truncated with a count when large."""

import json
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.notification.body import MAX_BODY_BYTES, MAX_LISTED_IMPACTS, Amendment, render, title_of
from common.contracts import Alert, Impact, ImpactContext, ImpactEvidence, Lineage
from tests.builders.alerts import NOW, alert_row
from tests.builders.impacts import impact

ALERT = alert_row()


def test_the_data_are_an_alert_as_the_contract_has_it():
    impacts = [impact(), impact(horizon_days=5)]

    body = json.loads(render(ALERT, impacts, reason="first", now=NOW, n_standing=len(impacts)).body)

    alert = Alert.model_validate(body["data"])
    assert (body["type"], body["timestamp"]) == ("alert.firing", "2024-03-05T15:00:00+00:00")
    assert alert.impacts == impacts
    assert body["data"]["truncated_impacts"] == 0


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 80), st.text("aß漢😀", min_size=1, max_size=900))
def test_a_body_is_always_small_enough_and_says_what_is_missing(n_impacts, title):
    impacts = [impact(context={"title": title})] * n_impacts

    notice = render(ALERT, impacts, reason="new_impacts", now=NOW, n_standing=n_impacts)

    data = json.loads(notice.body)["data"]
    assert len(notice.body.encode()) < MAX_BODY_BYTES
    assert len(data["impacts"]) + data["truncated_impacts"] == data["n_impacts"] == n_impacts


def test_no_more_impacts_are_read_than_a_body_has_room_for():
    read = []

    def impacts():
        for number in range(1_000):
            read.append(number)
            yield impact()

    data = json.loads(render(ALERT, impacts(), reason="new_impacts", now=NOW, n_standing=1_000).data)

    assert len(read) == len(data["impacts"]) + 1 < 40
    assert data["truncated_impacts"] == 1_000 - len(data["impacts"])


def test_the_shortest_impacts_fill_a_body_before_the_listed_ones_end():
    shortest = Impact(
        impact_id=UUID(int=0),
        article_id=UUID(int=0),
        revision=1,
        ticker="F",
        horizon_days=1,
        basis="after",
        expected_abnormal_return=None,
        interval=None,
        impact_score=0,
        direction="up",
        confidence=0,
        evidence=ImpactEvidence(n_events=0),
        model_version="",
        context=ImpactContext(title="x", sentiment_label="neutral", sentiment_score=0, relevance=0, novelty=0),
        lineage=Lineage(article_id=UUID(int=0), story_id=UUID(int=0), published_at=NOW, received_at=NOW),
    )

    assert MAX_LISTED_IMPACTS * len(shortest.model_dump_json()) > MAX_BODY_BYTES


def test_a_correction_says_what_was_taken_back():
    withdrawn = impact(state="retracted", revision=2)

    notice = render(
        ALERT,
        [withdrawn],
        reason="retracted",
        now=NOW,
        amendment=Amendment("retracted", [withdrawn.impact_id]),
        n_standing=0,
        n_withdrawn=1,
    )

    data = json.loads(notice.data)
    assert notice.type == "alert.amended"
    assert data["amendment"]["impact_ids"] == [str(withdrawn.impact_id)]
    assert data["n_impacts"] == 0


def test_the_title_is_that_of_the_strongest_impact():
    weak, strong = impact(impact_score=10.0, ticker="F"), impact(expected_abnormal_return=0.1, direction="up")

    assert title_of([weak, strong]) == "TSLA up +10.0%: Tesla cuts its delivery outlook"


def test_a_title_of_withdrawn_impacts_says_so_and_a_long_one_is_cut():
    assert title_of([impact(state="retracted")]).startswith("Withdrawn: TSLA")
    assert title_of([]) == "Withdrawn"
    assert len(title_of([impact(context={"title": "x" * 1_000})])) == 300
