"""What the rules for roles see of an event: its text, the place of its trigger and the entities named there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from common.contracts import EntityType, EventRoleName
from nlp.events.name_runs import Run, run_after, run_before
from nlp.words import word_list

_ACTORS = frozenset(("company", "organisation", "person"))
_BY_WHOLE_NAME = frozenset(("target", "customer"))
_VERB = re.compile(r"[A-Z][a-z]+s")
_WORDS_AROUND_NAMES = word_list("legal_forms") | word_list("words_around_names")


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """An entity's mention in the text of an event."""

    name: str
    ticker: str | None
    type: EntityType
    is_broker: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FoundRole:
    """A part in an event and who plays it, at [`start`, `end`) of the text."""

    role: EventRoleName
    name: str
    ticker: str | None
    start: int
    end: int


class EventContext:
    """The headline or sentence of an event: its text as it stands and folded, the place of the pattern, the names."""

    def __init__(self, text: str, folded: str, start: int, end: int, names: Sequence[NamedPlace]) -> None:
        self.text = text
        self.folded = folded
        self.start = start
        self.end = end
        self.names = sorted(names, key=lambda name: name.start)
        self.companies = [name for name in self.names if name.type in {"company", "organisation"}]

    def search(self, pattern: re.Pattern[str], start: int = 0) -> re.Match[str] | None:
        """Return where the pattern matches, the place in the event's own clause first."""
        return pattern.search(self.folded, max(self.clause[0], start)) or pattern.search(self.folded, start)

    def before(self, role: EventRoleName, position: int) -> Iterator[FoundRole]:
        """Yield who is named right before `position`."""
        yield from self.filled(role, run_before(self.text, position), last=True)

    def after(self, role: EventRoleName, position: int) -> Iterator[FoundRole]:
        """Yield who is named right after `position`."""
        yield from self.filled(role, run_after(self.text, position), last=False)

    def actor(self, role: EventRoleName, position: int) -> Iterator[FoundRole]:
        """Yield who is named right before `position`, else the company named last before it in the clause."""
        named = list(self.before(role, position))
        earlier = [name for name in self.companies if self.clause[0] <= name.start and name.end <= position]
        yield from named or self.linked(role, earlier[-1] if earlier else None)

    def linked(self, role: EventRoleName, place: NamedPlace | None) -> Iterator[FoundRole]:
        """Yield the entity of `place`, nothing when there is none."""
        if place is not None:
            yield FoundRole(role, place.name, place.ticker, place.start, place.end)

    def filled(self, role: EventRoleName, run: Run | None, *, last: bool) -> Iterator[FoundRole]:
        """Yield who stands at `run`: the last or first entity that touches it, the words themselves without one."""
        if run is None:
            return
        # A name without a ticker that begins before the run took words of the sentence with it.
        touched = [
            name
            for name in self.names
            if name.start < run.end
            and name.end > run.start
            and name.type in _ACTORS
            and (name.ticker is not None or name.start >= run.start)
        ]
        if touched and (role not in _BY_WHOLE_NAME or self._is_whole(touched[0], run)):
            yield from self.linked(role, touched[-1 if last else 0])
        else:
            yield FoundRole(role, self.text[run.start : run.end], None, run.start, run.end)

    def _is_whole(self, name: NamedPlace, run: Run) -> bool:
        """Say whether an entity is all that a run names: "GE Industrial Solutions" is not GE."""
        rest = f"{self.folded[run.start : name.start]} {self.folded[name.end : run.end]}"
        return _WORDS_AROUND_NAMES.issuperset(rest.replace(",", " ").replace(".", " ").replace("'s", " ").split())

    @cached_property
    def clause(self) -> tuple[int, int]:
        """The clause of the event: semicolons part headlines that tell of several things."""
        begin = max(self.folded.rfind(mark, 0, self.start) for mark in (";", ": ")) + 1
        end = self.folded.find(";", self.end)
        return begin, end if end >= 0 else len(self.folded)

    def nearest_company(self) -> NamedPlace | None:
        """Return the company of the clause named last before the trigger, else the first after it; no broker first."""
        begin, end = self.clause
        here = [name for name in self.companies if begin <= name.start < end]
        listed = [name for name in here if name.type == "company"] or here
        subjects = [name for name in listed if not name.is_broker] or listed
        earlier = [name for name in subjects if name.start < self.start]
        return earlier[-1] if earlier else (subjects[0] if subjects else None)

    def earlier_company(self) -> NamedPlace | None:
        """Return the company named before the clause: "Acme Q2 EPS $1; raises dividend" is of one company."""
        earlier = [name for name in self.companies if name.end <= self.clause[0]]
        return earlier[0] if earlier else None

    def subject(self) -> Run | None:
        """Return the unlisted name that the clause begins with, or the one before the trigger."""
        begin = self.clause[0]
        nearest = run_before(self.text, self.start)
        if nearest is not None and (" " in self.text[nearest.start : nearest.end] or nearest.start <= begin + 1):
            return nearest
        first = run_after(self.text, begin)
        return first if first is not None and first.end <= self.start else None


def company_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield the company that an event is about."""
    company = context.nearest_company()
    if company is None:
        named = list(context.filled("company", context.subject(), last=True))
        # A clause that opens with its verb ("; Plans offering") goes on about the company named before.
        if named and named[0].start <= context.clause[0] + 1 and _VERB.fullmatch(named[0].name) and context.clause[0]:
            named = []
        yield from named or context.linked("company", context.earlier_company())
    else:
        yield from context.linked("company", company)
