"""Alerts of a notification that do not fit their contract: answered and logged, for nobody sends them again."""

from collections.abc import Sequence

import structlog

from common.contracts import BatchResult, InvalidItem, ItemError, ItemResult

logger = structlog.get_logger(__name__)

_LOGGED_ALERTS = 20
# A notification has up to 1,000 alerts, and each may be wrong in many places.
_TOLD_ERRORS = 5


def log_rejected(items: Sequence[object]) -> None:
    """Log what was wrong with the first twenty alerts that do not fit: where and why, nothing of what they say."""
    rejected = [(index, item) for index, item in enumerate(items) if isinstance(item, InvalidItem)]
    for index, item in rejected[:_LOGGED_ALERTS]:
        wrong = [f"{'.'.join(map(str, each.loc[:1]))}: {each.type}" for each in item.errors[:_TOLD_ERRORS]]
        logger.warning("platform_event_rejected", index=index, rejected=len(rejected), wrong=wrong)


def with_rejected(items: Sequence[object], received: Sequence[ItemResult]) -> BatchResult:
    """Return an answer for each of `items` in their order; `received` are those to the ones that fit."""
    answers, results = iter(received), []
    for index, item in enumerate(items):
        if isinstance(item, InvalidItem):
            results.append(
                ItemResult(index=index, status="rejected", error=ItemError.of(InvalidItem(item.errors[:_TOLD_ERRORS])))
            )
        else:
            results.append(next(answers).model_copy(update={"index": index}))
    return BatchResult(data=results)
