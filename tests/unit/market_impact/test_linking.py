"""What of an analysis market impact takes: events that the text denies are passed over."""

from datetime import UTC, datetime

from market_impact.estimation.linking import likeliest_event, linked_securities
from tests.builders.market import analysis, analysis_body

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


def mention(ticker: str | None, relevance: float, score: float) -> dict[str, object]:
    entity = analysis_body("mention", _MOMENT, score=score)["entities"][0]
    return {**entity, "ticker": ticker, "relevance": relevance}


def test_a_security_is_linked_once_by_its_most_relevant_mention_and_the_most_relevant_first() -> None:
    entities = [
        mention("BETA", 0.5, -0.4),
        mention(None, 1.0, 0.1),
        mention("ACME", 0.6, 0.2),
        mention("ACME", 0.9, 0.7),
    ]
    body = analysis("mentions", _MOMENT, entities=entities)

    links = linked_securities(body, 0.1)

    assert [(link.ticker, link.relevance, link.sentiment_score) for link in links] == [
        ("ACME", 0.9, 0.7),
        ("BETA", 0.5, -0.4),
    ]
    assert [link.sentiment_label for link in links] == ["positive", "negative"]
    assert all(link.analysis is body for link in links)
    assert all((link.event_type, link.reports_move) == ("analyst_upgrade", False) for link in links)


def test_news_that_only_reports_a_move_is_a_kind_of_its_own_and_predicts_nothing() -> None:
    body = analysis("a move", _MOMENT, title="Acme shares fall 4%", event_type=None, score=-0.7)

    (link,) = linked_securities(body, 0.1)

    assert (link.event_type, link.reports_move) == ("move_report", True)
    assert (link.sentiment_label, link.sentiment_score) == ("negative", 0.0)


def test_the_event_with_the_highest_score_is_the_likeliest() -> None:
    events = [{"type": "dividend_declared", "score": 0.6}, {"type": "share_buyback", "score": 0.8}]

    assert likeliest_event(analysis("events", _MOMENT, events=events)) == "share_buyback"
    assert likeliest_event(analysis("none", _MOMENT, event_type=None)) == "none"
