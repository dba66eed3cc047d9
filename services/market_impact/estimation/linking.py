"""Which securities an analysis is about, and which kind of news it is for each."""

from dataclasses import dataclass

from common.contracts import Analysis, SentimentLabel
from market_impact.estimation.price_move_headlines import MOVE_REPORT, reports_a_move

NO_EVENT = "none"


@dataclass(frozen=True, slots=True)
class Link:
    """One security that an article is about.

    Parameters
    ----------
    relevance : in [0, 1]
    sentiment_score : toward this security, in [-1, 1]; 0 for news that only reports a move, which predicts nothing
    event_type : the likeliest event type of the article, `move_report`, or `none`
    reports_move : whether the article only tells what the price has done
    """

    analysis: Analysis
    ticker: str
    relevance: float
    sentiment_label: SentimentLabel
    sentiment_score: float
    event_type: str
    reports_move: bool


def linked_securities(analysis: Analysis, min_relevance: float) -> list[Link]:
    """Return the securities of `analysis` with at least `min_relevance`, each once, the most relevant mention first."""
    named = [entity for entity in analysis.entities if entity.ticker and entity.relevance >= min_relevance]
    if not named:
        return []
    named.sort(key=lambda entity: -entity.relevance)
    reports_move = reports_a_move(analysis.title, [event.type for event in analysis.stated_events()])
    event_type = MOVE_REPORT if reports_move else likeliest_event(analysis)
    links: dict[str, Link] = {}
    for entity in named:
        if entity.ticker and entity.ticker not in links:
            links[entity.ticker] = Link(
                analysis=analysis,
                ticker=entity.ticker,
                relevance=entity.relevance,
                sentiment_label=entity.sentiment.label,
                sentiment_score=0.0 if reports_move else entity.sentiment.score,
                event_type=event_type,
                reports_move=reports_move,
            )
    return list(links.values())


def likeliest_event(analysis: Analysis) -> str:
    """Return the event type with the highest score among those not denied, `none` without any."""
    events = analysis.stated_events()
    if not events:
        return NO_EVENT
    return max(events, key=lambda event: event.score).type
