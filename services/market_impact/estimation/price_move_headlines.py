"""News that only reports what a price has already done.

"Shares are trading higher" correlates with the same day's return because it was written about it. It causes nothing and
predicts nothing, so it is kept apart from every other kind of news and is no evidence for what happens afterwards.
"""

import re
from collections.abc import Collection

MOVE_REPORT = "move_report"
# Names that an event taxonomy gives to such news.
MOVE_EVENT_TYPES = frozenset({"price_rise", "price_fall", "high_52_week", "low_52_week", "price_move", MOVE_REPORT})

_REPORTS_A_MOVE = re.compile(
    r"""
    \b(?:shares?|stocks?|futures|etfs?)\s+(?:\w+\s+){0,3}?
        (?:trad(?:e|ing|ed)|mov(?:e|ing|ed)|climb\w*|jump\w*|surg\w*|ris(?:e|ing)|rose|gain\w*|rall(?:y|ies|ied|ying)|spik\w*|soar\w*
        |fall\w*|fell|drop\w*|slid\w*|slip\w*|sink\w*|sank|tumbl\w*|plung\w*|plummet\w*)\b
    | \btrad(?:es|ing)\s+(?:higher|lower|up|down)\b
    | \b(?:up|down)\s+\d+(?:\.\d+)?\s?%
    | \b52[\s-]week\s+(?:highs?|lows?)\b | \ball[\s-]time\s+(?:highs?|lows?)\b
    | \b(?:gainers|losers|movers|decliners)\b
    | \b(?:stocks?|shares)\s+(?:that\s+)?(?:hit|hitting|moving|on\s+the\s+move)\b
    | \b(?:unusual|heavy)\s+(?:\w+\s+)?(?:volume|options?\s+activity)\b
    | \b(?:pre|after)[\s-]?(?:market|hours)\s+(?:session|trading|roundup)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def reports_a_move(title: str, event_types: Collection[str]) -> bool:
    """Return whether a headline only tells that a price moved, by its event types or by its words."""
    return not MOVE_EVENT_TYPES.isdisjoint(event_types) or _REPORTS_A_MOVE.search(title) is not None
