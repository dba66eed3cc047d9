"""How much a text is about an entity: by where it is named, how often, and in which role.

`relevance` in [0, 1] follows the commercial feeds in meaning: 1 is the subject of the headline, 0 a passing mention.
"""

import re
from collections.abc import Sequence

from nlp.entities.linking import LinkedEntity
from nlp.words import word_list

_TITLE = 0.62
_SUMMARY = 0.32
_BODY = 0.16
_GIVEN = 0.40
_ANALYST_SHARE = 0.25
_LIST_FROM = 4

_RATING_WORDS = (
    "upgrade", "downgrade", "initiat", "price target", " pt ", "maintains", "reiterat", "coverage", "overweight",
    "underweight", "outperform", "underperform", "neutral", "buy rating", "sell rating", "equal-weight", "analyst",
    "raises target", "lowers target", "cuts target", "resumes", "assumes", "reinstates", "conviction", "estimates on",
    " has buy ", " has hold ", " has sell ", " with buy ", " with hold ", " with sell ", " buy on ", " sell on ",
)  # fmt: skip
_DEAL_WORDS = (
    "acqui", "merge", " buy ", "buyout", "takeover", "stake", "sues", "sued", "lawsuit", "settle", "warrants", "deal ",
    "to sell", "invests",
)  # fmt: skip
# Firms whose analysts rate others; tickers, and entity identifiers where there is none.
_BROKERS = word_list("broker_tickers")
_BROKER_NAMES = word_list("broker_entities")
_NOT_IN_IDENTIFIER = re.compile(r"[^a-z0-9]+")


def is_broker(linked: LinkedEntity) -> bool:
    """Say whether the entity is a firm that rates or reports on others."""
    return linked.entity.ticker in _BROKERS or linked.entity.entity_id in _BROKER_NAMES


def is_broker_name(name: str, ticker: str | None) -> bool:
    """Say whether an entity of an analysis, known by name and ticker, is a firm that rates or reports on others."""
    if ticker is not None:
        return ticker in _BROKERS
    return f"organisation-{_NOT_IN_IDENTIFIER.sub('-', name.lower()).strip('-')}" in _BROKER_NAMES


def relevances(entities: Sequence[LinkedEntity], title: str) -> list[float]:
    """Return the relevance of each entity, in their order.

    Notes
    -----
    A base by the best field (title .62, supplied ticker .40, summary .32, body .16), up to .26 for an early place in
    the title, up to .12 for repetition. A broker beside another company in the headline keeps a quarter, unless the
    two do a deal; from four companies in a headline on, each has its share.
    """
    companies = [linked for linked in entities if linked.entity.type == "company" and _is_in_title(linked)]
    subjects = [linked for linked in companies if not is_broker(linked)]
    speaks = len(subjects) > 0 and any(map(is_broker, entities)) and _is_opinion(title)
    found = []
    for linked in entities:
        value = _by_place(linked, max(1, len(title)))
        if speaks and is_broker(linked):
            value *= _ANALYST_SHARE
        if linked.entity.type != "company":
            value *= 0.8
        elif len(subjects) >= _LIST_FROM and _is_in_title(linked):
            value *= max(0.35, 3.0 / len(subjects))
        found.append(round(min(1.0, value), 4))
    return found


def _is_opinion(title: str) -> bool:
    folded = f" {title.lower()} "
    return any(word in folded for word in _RATING_WORDS) or not any(word in folded for word in _DEAL_WORDS)


def _is_in_title(linked: LinkedEntity) -> bool:
    return any(mention.field == "title" for mention in linked.mentions)


def _by_place(linked: LinkedEntity, title_length: int) -> float:
    fields = {mention.field for mention in linked.mentions}
    value = _GIVEN if linked.is_given else 0.0
    if "title" in fields:
        first = min(mention.start for mention in linked.mentions if mention.field == "title")
        value = max(value, _TITLE + 0.26 * (1.0 - first / title_length))
    elif "summary" in fields:
        value = max(value, _SUMMARY)
    elif "body" in fields:
        value = max(value, _BODY)
    repeats = len(linked.mentions) - 1
    return value + 0.12 * (1.0 - 0.6**repeats) if repeats > 0 else value
