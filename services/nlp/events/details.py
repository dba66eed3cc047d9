"""The wire form of the events of a text: roles, numbers, and whether the text states or denies them.

Looked for only where an event was found; a text without one costs nothing here.
"""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from common.contracts import Entity, EventRole, EventScore, Magnitude, Span, TextField
from nlp.entities.gazetteer import fold
from nlp.entities.relevance import is_broker_name
from nlp.events.context import EventContext, NamedPlace
from nlp.events.detection import EventModel, FoundEvent
from nlp.events.magnitudes import FoundMagnitude, magnitudes_of
from nlp.events.quantities import Quantity, find_quantities
from nlp.events.roles import roles_of
from nlp.texts.assertions import Assertion, Assertions
from nlp.texts.sentences import split_sentences

_WORD = re.compile(r"[a-z]{3,}")
_REACH = 400
_LONGEST_TITLE = 1_000
_NEGATED_SHARE = 0.25
_DERIVED_SCORE = 0.85
# What these patterns match is itself a negation ("fails to meet", "no dividend").
_DENIALS = frozenset(("clinical_trial_failure", "dividend_cut", "earnings_miss", "regulatory_rejection"))
_MAX_ROLES = 6
_MAX_MAGNITUDES = 12


class EventfulText(NamedTuple):
    """A text with events.

    Notes
    -----
    `below` is the field under the headline that was searched, `assertions` what the first 1,000 characters of the
    headline deny and hedge.
    """

    title: str
    below: tuple[TextField, str]
    entities: Sequence[Entity]
    assertions: Assertions


class EventWindow:
    """The headline or the sentence that holds events: what is looked for in it is looked for once."""

    def __init__(self, field: TextField, start: int, text: str) -> None:
        self.field = field
        self.start = start
        self.text = text
        self.folded = fold(text)
        self.names: list[NamedPlace] = []

    @cached_property
    def quantities(self) -> list[Quantity]:
        """The amounts in it."""
        return find_quantities(self.folded)

    @cached_property
    def measured(self) -> str:
        """It folded, the names of listed companies blotted out: "Capital One" is no capital, "Target" no target."""
        blotted = self.folded
        if not self.quantities:
            return blotted
        for name in self.names:
            if name.ticker is None:
                continue
            own = set(_WORD.findall(fold(name.name)))
            for word in _WORD.finditer(self.folded, name.start, name.end):
                if word.group() in own:
                    blotted = blotted[: word.start()] + "_" * len(word.group()) + blotted[word.end() :]
        return blotted

    @cached_property
    def assertions(self) -> Assertions:
        """What it denies and hedges."""
        return Assertions(self.folded)

    def span(self, start: int, end: int) -> Span:
        """Return the stretch [`start`, `end`) of it as a place in its field."""
        return Span(field=self.field, start=self.start + start, end=self.start + end, text=self.text[start:end])


def detailed_events(model: EventModel, found: Sequence[FoundEvent], whole: EventfulText) -> list[EventScore]:
    """Return the events of a text with all that is known of them, the surest first.

    Parameters
    ----------
    found : what `EventModel.find` gave for the folded text
    """
    windows: dict[tuple[TextField, int], EventWindow] = {}
    above: tuple[TextField, str] = ("title", whole.title)
    events = []
    for event in found:
        field, text = above if event.is_in_title else whole.below
        begin, end = _window(text, event)
        window = windows.get((field, begin))
        if window is None:
            window = windows[field, begin] = EventWindow(field, begin, text[begin:end])
            window.names = _names(field, begin, end, whole.entities)
            if event.is_in_title and begin == 0:
                window.assertions = whole.assertions
        events.append(_detailed(model, event, window))
    events += _derived(events)
    return sorted(events, key=lambda event: (-event.score, event.type))


def _window(text: str, event: FoundEvent) -> tuple[int, int]:
    if event.is_in_title and event.end <= _LONGEST_TITLE:
        return 0, min(len(text), _LONGEST_TITLE)
    begin = max(0, event.start - _REACH)
    around = text[begin : event.end + _REACH]
    for sentence in split_sentences(around):
        if begin + sentence.start <= event.start < begin + sentence.end:
            return begin + sentence.start, max(event.end, begin + sentence.end)
    return event.start, event.end


def _names(field: TextField, begin: int, end: int, entities: Sequence[Entity]) -> list[NamedPlace]:
    return [
        NamedPlace(
            entity.name,
            entity.ticker,
            entity.type,
            is_broker_name(entity.name, entity.ticker),
            mention.start - begin,
            mention.end - begin,
        )
        for entity in entities
        for mention in entity.mentions
        if mention.field == field and begin <= mention.start and mention.end <= end
    ]


def _detailed(model: EventModel, event: FoundEvent, window: EventWindow) -> EventScore:
    start, end = event.start - window.start, event.end - window.start
    assertion = _assertion(model, event.type, window, start, end)
    context = EventContext(window.text, window.folded, start, end, window.names)
    return EventScore(
        type=event.type,
        score=round(event.score * _NEGATED_SHARE, 4) if assertion.negated else event.score,
        negated=assertion.negated,
        hedged=assertion.hedged,
        roles=[
            EventRole(role=role.role, name=role.name[:200], ticker=role.ticker, span=window.span(role.start, role.end))
            for role in roles_of(event.type, context)[:_MAX_ROLES]
        ],
        magnitudes=[
            _magnitude(found, window)
            for found in magnitudes_of(event.type, window.measured, window.quantities, context.clause)[:_MAX_MAGNITUDES]
        ],
    )


def _assertion(model: EventModel, name: str, window: EventWindow, start: int, end: int) -> Assertion:
    """Return how the event is put; one that is denied at one place and stated at another is stated."""
    by_head = name in _DENIALS
    first = window.assertions.of(start, end, by_head=by_head)
    if not first.negated:
        return first
    for place in model.places(name, window.folded):
        other = window.assertions.of(*place, by_head=by_head)
        if not other.negated:
            return other
    return first


def _magnitude(found: FoundMagnitude, window: EventWindow) -> Magnitude:
    return Magnitude(
        kind=found.kind,
        value=found.value,
        unit=found.unit,
        from_=found.old,
        to=found.new,
        expected=found.expected,
        span=window.span(found.start, found.end),
    )


def _derived(events: Sequence[EventScore]) -> list[EventScore]:
    """Return the beat or miss that reported earnings per share beside the expected ones make, unless it is there."""
    if {"earnings_beat", "earnings_miss"} & {event.type for event in events}:
        return []
    for event in events:
        if event.type != "earnings_report" or event.negated:
            continue
        for magnitude in event.magnitudes:
            if magnitude.kind == "earnings_per_share" and magnitude.expected not in {None, magnitude.value}:
                name = "earnings_beat" if magnitude.value > (magnitude.expected or 0.0) else "earnings_miss"
                return [event.model_copy(update={"type": name, "score": min(event.score, _DERIVED_SCORE)})]
    return []
