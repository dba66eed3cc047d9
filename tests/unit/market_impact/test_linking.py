"""What of an analysis market impact takes: events that the text denies are passed over."""

from datetime import UTC, datetime

from market_impact.estimation.linking import linked_securities
from tests.builders.market import analysis

_MOMENT = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def test_an_event_that_is_denied_is_not_the_likeliest() -> None:
    events = [
        {"type": "share_buyback", "score": 0.95, "negated": True},
        {"type": "dividend_declared", "score": 0.6, "hedged": True},
    ]

    (link,) = linked_securities(analysis("denied", _MOMENT, events=events), 0.1)

    assert link.event_type == "dividend_declared"


def test_only_denied_events_count_as_none() -> None:
    events = [{"type": "share_buyback", "score": 0.95, "negated": True}]

    (link,) = linked_securities(analysis("only denied", _MOMENT, events=events), 0.1)

    assert link.event_type == "none"


def test_a_mention_as_relevant_as_needed_links_and_one_below_does_not() -> None:
    body = analysis("relevance", _MOMENT, relevance=0.3)

    assert [link.ticker for link in linked_securities(body, 0.3)] == ["ACME"]
    assert linked_securities(body, 0.301) == []
