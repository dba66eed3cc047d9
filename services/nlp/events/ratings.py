"""Ratings that analysts give: the one that counts now and the one before it ("to Buy from Hold")."""

import re
from collections.abc import Iterator

from common.contracts import EventRoleName
from nlp.events.context import EventContext, FoundRole

_RATING = (
    r"(?:(?:conviction |strong |short[- ]term )?(?:buy|sell)(?![- ]?(?:back|side|off))|(?<!on )hold|neutral|accumulate"
    r"|(?:over|under)[- ]?(?:weight|perform)"
    r"|(?:market|sector|peer|industry)[- ]?(?:perform|outperform|underperform|weight|neutral)"
    r"|outperform|equal[- ]?weight|in[- ]line|perform|mp(?= rating)|conviction list buy|top pick"
    r"|(?:positive|negative)(?= rating| at\b|$)"
    r"|add(?= rating| at\b|$)|reduce(?= rating| at\b|$))"
)
_GIVEN = re.compile(rf"\b{_RATING}\b(?! (?:the|its|their|up|into|shares|stake|guidance|outlook|stance|policy)\b)")
_BEFORE = re.compile(rf"\bfrom (?:an? )?['\"]?(?P<rating>{_RATING})\b")


def ratings(context: EventContext) -> Iterator[FoundRole]:
    """Yield the rating given in the clause of an analyst's event, and the one that it replaces."""
    begin, end = context.clause
    old = _BEFORE.search(context.folded, begin, end)
    for match in _GIVEN.finditer(context.folded, begin, end):
        is_old = old is not None and match.start() >= old.start() and match.end() <= old.end()
        if not is_old and not _is_in_a_name(context, match.start()):
            yield _role(context, "rating", *match.span())
            break
    if old is not None:
        yield _role(context, "previous_rating", *old.span("rating"))


def _is_in_a_name(context: EventContext, position: int) -> bool:
    """Say whether a word belongs to a listed name: "Best Buy" is not rated a buy by that."""
    return any(name.start <= position < name.end for name in context.names if name.ticker is not None)


def _role(context: EventContext, role: EventRoleName, start: int, end: int) -> FoundRole:
    return FoundRole(role, context.text[start:end], None, start, end)
