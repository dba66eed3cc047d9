"""Input of the role rules for an event: its text, the position of its trigger and the entities named there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from common.contracts import EntityType, EventRoleName
from nlp.events.name_runs import Run, is_never_a_name, run_after, run_before
from nlp.words import word_list

_ACTORS = frozenset(("company", "organisation", "person"))
_BY_WHOLE_NAME = frozenset(("target", "customer"))
_VERB = re.compile(r"[A-Z][a-z]+s")
_LISTED = re.compile(r", | and | & |, and ")
_FARTHEST_SUBJECT = 45
# "DuPont's Nutrition Business" is DuPont's, "ABB's Pending Acquisition" names nobody behind ABB.
_NOT_OWNED = re.compile(r"(?:.* )?(?:business(?:es)?|unit|division|operations|arm|segment|assets|portfolio)\b.*")
_SPEAKS = re.compile(r" (?:says?|said|reports?|sources?)\b")
# A target behind a semicolon is still that of the clause before: "retains 'Buy' on Acme; target price Rs 900".
_CLAUSE_END = re.compile(r";(?!\s*(?:price target|target price|targets?|pt|po)\b)")
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
        run = run_after(self.text, position)
        if run is None:
            # "from 3G Capital": a name that no capital begins.
            here = [name for name in self.companies if name.start == position]
            yield from self.linked(role, here[0] if here else None)
        yield from self.filled(role, run, last=False)

    def actor(self, role: EventRoleName, position: int) -> Iterator[FoundRole]:
        """Yield who is named right before `position`, else the last company before it, else who opens the clause."""
        named = list(self.before(role, position))
        earlier = [name for name in self.companies if self.clause[0] <= name.start and name.end <= position]
        named = named or list(self.linked(role, earlier[-1] if earlier else None))
        if not named and (first := run_after(self.text, self.clause[0])) is not None:
            is_near = first.end <= position <= first.end + _FARTHEST_SUBJECT
            named = list(self.filled(role, first, last=True)) if is_near else []
        yield from named

    def actors(self, role: EventRoleName, position: int) -> Iterator[FoundRole]:
        """Yield the actor and the companies listed right before it: "Acme and Widget to take Gadget private"."""
        named = list(self.actor(role, position))
        start = named[0].start if named else 0
        for name in reversed(self.companies):
            if name.end <= start and _LISTED.fullmatch(self.text, name.end, start):
                named.insert(0, next(self.linked(role, name)))
                start = name.start
        yield from named

    def all_after(self, role: EventRoleName, position: int) -> Iterator[FoundRole]:
        """Yield who is named right after `position` and the companies listed behind: "sues Acme, Widget"."""
        named = list(self.after(role, position))
        end = named[0].end if named else len(self.text)
        for name in self.companies:
            is_next = name.start >= end and _LISTED.fullmatch(self.text, end, name.start)
            if is_next and not _SPEAKS.match(self.folded, name.end):
                named += self.linked(role, name)
                end = name.end
        yield from named

    def owner(self, role: EventRoleName, position: int) -> Iterator[FoundRole]:
        """Yield the company whose possessive ends right before `position`."""
        for name in self.companies:
            if name.end + len("'s ") == position and self.folded.startswith("'s ", name.end):
                yield from self.linked(role, name)

    def linked(self, role: EventRoleName, place: NamedPlace | None) -> Iterator[FoundRole]:
        """Yield the entity of `place`, nothing when there is none."""
        if place is not None:
            yield FoundRole(role, place.name, place.ticker, place.start, place.end)

    def filled(self, role: EventRoleName, run: Run | None, *, last: bool) -> Iterator[FoundRole]:
        """Yield who stands at `run`: the last or first entity that touches it, the words themselves without one."""
        if run is None:
            return
        run = self._without_owner(run)
        # A name without a ticker that begins before the run took words of the sentence with it.
        touched = [
            name
            for name in self.names
            if name.start < run.end
            and name.end > run.start
            and name.type in _ACTORS
            and (name.ticker is not None or name.start >= run.start)
        ]
        touched.sort(key=lambda name: (name.ticker is not None) != last)
        if touched and (role not in _BY_WHOLE_NAME or self._is_whole(touched[0], run)):
            yield from self.linked(role, touched[-1 if last else 0])
        else:
            yield FoundRole(role, self.text[run.start : run.end], None, run.start, run.end)

    def _without_owner(self, run: Run) -> Run:
        """Return a run without the entity that owns what it names: "Buffett's Berkshire", not "Kohl's Corp"."""
        for name in self.names:
            rest = name.end + len("'s ")
            is_owner = run.start <= name.start and rest < run.end and self.folded.startswith("'s ", name.end)
            owned = self.folded[rest : run.end]
            is_name = not _WORDS_AROUND_NAMES.issuperset(owned.split()) and not is_never_a_name(owned)
            if is_owner and is_name and _NOT_OWNED.fullmatch(owned) is None:
                return Run(rest, run.end)
        return run

    def _is_whole(self, name: NamedPlace, run: Run) -> bool:
        """Say whether an entity is all that a run names: "GE Industrial Solutions" is not GE."""
        rest = f"{self.folded[run.start : name.start]} {self.folded[name.end : run.end]}"
        return _WORDS_AROUND_NAMES.issuperset(rest.replace(",", " ").replace(".", " ").replace("'s", " ").split())

    @cached_property
    def clause(self) -> tuple[int, int]:
        """The clause of the event: semicolons part headlines that tell of several things."""
        begin = max(self.folded.rfind(mark, 0, self.start) for mark in (";", ": ")) + 1
        end = _CLAUSE_END.search(self.folded, self.end)
        return begin, end.start() if end is not None else len(self.folded)

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
        people = {name.start for name in context.names if name.type == "person"}
        if named and named[0].start in people and context.earlier_company() is not None:
            # "Acme CEO to leave; Jane Roe named successor": at Acme.
            named = []
        # A clause that opens with its verb ("; Plans offering") goes on about the company named before.
        if named and named[0].start <= context.clause[0] + 1 and _VERB.fullmatch(named[0].name) and context.clause[0]:
            named = []
        yield from named or context.linked("company", context.earlier_company())
    else:
        yield from context.linked("company", company)
