"""Verdict on rows posted to the next service: delivered, refused permanently, to be retried, or unanswered."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
import structlog
from pydantic import JsonValue

logger = structlog.get_logger(__name__)

# These say "not now" or "not you" and blame no row.
_NOT_NOW = frozenset({401, 403, 404, 408, 429, 502, 503})
_GATEWAY_TIMEOUT = 504


@dataclass(slots=True)
class HandoverVerdict:
    """What is to happen to the claimed rows: positions in the batch.

    Parameters
    ----------
    delivered : rows that the neighbour took
    dead : rows that it refused for good, with its problem body
    retry : rows on which it failed
    unanswered : rows of a batch that got no answer in time; any of them may be the slow one
    unanswered_alone : rows that got no answer in time although nothing else was posted with them
    neighbour_down : nobody took the request
    """

    delivered: list[int] = field(default_factory=list)
    dead: dict[int, dict[str, JsonValue]] = field(default_factory=dict)
    retry: list[int] = field(default_factory=list)
    unanswered: list[int] = field(default_factory=list)
    unanswered_alone: list[int] = field(default_factory=list)
    neighbour_down: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether every request of the hand-over got an answer in time."""
        return not (self.unanswered or self.unanswered_alone)

    def merged(self, other: "HandoverVerdict") -> "HandoverVerdict":
        """Return the verdict on the rows of both."""
        return HandoverVerdict(
            delivered=self.delivered + other.delivered,
            dead=self.dead | other.dead,
            retry=self.retry + other.retry,
            unanswered=self.unanswered + other.unanswered,
            unanswered_alone=self.unanswered_alone + other.unanswered_alone,
            neighbour_down=self.neighbour_down or other.neighbour_down,
        )


def verdict_without_answer(positions: Sequence[int]) -> HandoverVerdict:
    """Return the verdict on rows whose request got no answer."""
    if len(positions) == 1:
        return HandoverVerdict(unanswered_alone=list(positions))
    return HandoverVerdict(unanswered=list(positions))


def verdict_of(response: httpx.Response, positions: Sequence[int]) -> HandoverVerdict | None:
    """Return the verdict on the rows of one request; None when it was refused as a whole and must be halved."""
    if response.is_success:
        return _read_answers(response, positions)
    if response.status_code == _GATEWAY_TIMEOUT:
        return verdict_without_answer(positions)
    if response.status_code in _NOT_NOW:
        return HandoverVerdict(neighbour_down=True)
    return _blame(response, positions[0]) if len(positions) == 1 else None


def _read_answers(response: httpx.Response, positions: Sequence[int]) -> HandoverVerdict:
    """Return what the neighbour answered per item; an item without an answer is tried again."""
    try:
        answers = {answer["index"]: dict(answer) for answer in response.json()["data"]}
    except (ValueError, KeyError, TypeError):
        logger.warning("handover_answer_unreadable", status=response.status_code)
        return HandoverVerdict(retry=list(positions))
    verdict = HandoverVerdict()
    for index, position in enumerate(positions):
        answer = answers.get(index)
        if answer is None or answer.get("status") is None:
            verdict.retry.append(position)
        elif answer["status"] == "rejected":
            verdict.dead[position] = answer.get("error") or {"code": "rejected"}
        else:
            verdict.delivered.append(position)
    return verdict


def _blame(response: httpx.Response, position: int) -> HandoverVerdict:
    """Return the verdict on a single row that the neighbour refused: 4xx is final, 5xx is tried again."""
    if response.status_code >= 500:
        return HandoverVerdict(retry=[position])
    try:
        problem = response.json()
    except json.JSONDecodeError:
        problem = {"code": "unreadable_problem", "status": response.status_code, "detail": response.text[:1000]}
    return HandoverVerdict(dead={position: problem})
