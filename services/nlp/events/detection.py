"""Detects the event types of a text by patterns, each tried only where one of its cues occurs."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from nlp.artefacts import sha256
from nlp.events.patterns import FILE, event_types
from nlp.texts.cue_index import CueIndex

_TITLE_SCORE = 0.9
_BODY_SCORE = 0.6
_BOTH_SCORE = 0.95
_ANALYSED_CHARACTERS = 1_200
_MAX_EVENTS = 8
# The more precise event speaks for the more general one, and what failed for what it failed to do.
_REPLACES = {
    "dividend_raised": ("dividend_declared",),
    "dividend_cut": ("dividend_declared",),
    "guidance_raised": ("guidance_issued",),
    "guidance_cut": ("guidance_issued",),
    "price_target_raised": ("guidance_raised",),
    "price_target_cut": ("guidance_cut",),
    "initial_public_offering": ("share_offering",),
    # Agencies affirm, raise and lower outlooks as companies do, and ratings as brokers do.
    "credit_rating_change": (
        "analyst_downgrade",
        "analyst_upgrade",
        "guidance_raised",
        "guidance_cut",
        "guidance_issued",
    ),
    "clinical_trial_failure": ("clinical_trial_success",),
    "regulatory_rejection": ("regulatory_approval",),
}
# What stays as it was is no news beside what changes in the same text.
_SECOND = frozenset(("analyst_reiteration", "guidance_issued"))
_SECOND_SHARE = 0.75


class FoundEvent(NamedTuple):
    """An event type and the place of the pattern that found it, [`start`, `end`) of the title or of the body."""

    type: str
    score: float
    is_in_title: bool
    start: int
    end: int


class EventModel:
    """The taxonomy of events ready for use."""

    def __init__(self) -> None:
        self.version = f"events-{sha256(FILE)[:12]}"
        self._types = event_types()
        self._topics = {event.type: event.topic for event in self._types if event.topic is not None}
        by_cue: dict[str, list[int]] = {}
        for index, event in enumerate(self._types):
            for cue in event.cues:
                by_cue.setdefault(cue, []).append(index)
        self._meanings = list(by_cue.values())
        self._index = CueIndex(list(by_cue))

    def find(self, title: str, body: str) -> list[FoundEvent]:
        """Return the event types of a text, the surest first, at most eight; possibly none.

        Parameters
        ----------
        title, body : folded text (see `nlp.entities.gazetteer.fold`); of the body the first 1,200 characters count
        """
        in_title = self._matched(title)
        in_body = self._matched(body[:_ANALYSED_CHARACTERS].replace("\n", " ")) if body else {}
        if not in_title and not in_body:
            return []
        for found in (in_title, in_body):
            for precise, general in _REPLACES.items():
                if precise in found:
                    for name in general:
                        found.pop(name, None)
        events = [
            FoundEvent(name, _BOTH_SCORE if name in in_body else _TITLE_SCORE, True, *place)
            for name, place in in_title.items()
        ]
        events += [
            FoundEvent(name, _BODY_SCORE, False, *place) for name, place in in_body.items() if name not in in_title
        ]
        if len(events) > 1:
            events = [_beside_others(event) for event in events]
        return sorted(events, key=lambda event: (-event.score, event.type))[:_MAX_EVENTS]

    def topics(self, found: Iterable[FoundEvent]) -> set[str]:
        """Return the topics that the events of the title belong to."""
        return {self._topics[event.type] for event in found if event.is_in_title and event.type in self._topics}

    def places(self, name: str, folded: str) -> Iterator[tuple[int, int]]:
        """Yield every place where a pattern of the event type `name` matches."""
        for event in self._types:
            if event.type == name:
                for pattern in event.patterns:
                    yield from (match.span() for match in pattern.finditer(folded))

    def _matched(self, folded: str) -> dict[str, tuple[int, int]]:
        looked_at = {event for cue in self._index.find(folded) for event in self._meanings[cue]}
        found: dict[str, tuple[int, int]] = {}
        for index in looked_at:
            for pattern in self._types[index].patterns:
                if (match := pattern.search(folded)) is not None:
                    found[self._types[index].type] = match.span()
                    break
        return found


def _beside_others(event: FoundEvent) -> FoundEvent:
    return event._replace(score=round(event.score * _SECOND_SHARE, 4)) if event.type in _SECOND else event
