"""People and organisations in no list, found by the words that announce them: "CEO Jane Roe", "Acme Widgets Inc"."""

import re
from dataclasses import dataclass

from common.contracts import EntityType, TextField
from nlp.cue_index import CueIndex
from nlp.gazetteer import fold
from nlp.word_lists import word_list

_CAPITALISED = r"[A-Z][a-z\u2019'A-Z&-]{1,24}\.?"
_PERSON = re.compile(
    r"\b(?:CEO|CFO|COO|Chairman|Chairwoman|President|Chief Executive(?: Officer)?|Analyst|Minister|Senator|Governor"
    r"|Judge|Director|Founder|Mr\.|Mrs\.|Ms\.|Dr\.)\s+(" + _CAPITALISED + r"(?:\s[A-Z]\.)?\s[A-Z][a-z\u2019'-]{1,24})"
)
_SUFFIX = re.compile(
    r"\b(" + _CAPITALISED + r"(?:\s(?:&\s|of\s|and\s)?" + _CAPITALISED + r"){0,4}\s"
    r"(?:Inc|Corp|Corporation|Ltd|LLC|PLC|plc|Oyj|AG|Group|Holdings|Bank|University|Institute|Ministry|Association|Agency"
    r"|Commission|Partners|Securities|Foundation|Airlines|Pharmaceuticals|Technologies)\b\.?)"
)
_PREFIX = re.compile(
    r"\b((?:Bank|Ministry|University|Department|Institute) of " + _CAPITALISED + r"(?:\s" + _CAPITALISED + r")?)"
)
_ANNOUNCEMENTS = CueIndex(sorted(word_list("announcements")))
_MAX_FOUND = 10
_ANALYSED_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class UnlistedName:
    """A name with its kind and place; `end` is exclusive."""

    field: TextField
    start: int
    end: int
    text: str
    type: EntityType


def find_unlisted_names(field: TextField, text: str, taken: list[tuple[int, int]]) -> list[UnlistedName]:
    """Return the announced names of `text` that do not touch the stretches in `taken`, at most ten."""
    if next(_ANNOUNCEMENTS.find(fold(text[:_ANALYSED_CHARACTERS])), None) is None:
        return []
    found: list[UnlistedName] = []
    covered = list(taken)
    patterns: tuple[tuple[re.Pattern[str], EntityType], ...] = (
        (_PERSON, "person"),
        (_SUFFIX, "organisation"),
        (_PREFIX, "organisation"),
    )
    for pattern, kind in patterns:
        for match in pattern.finditer(text[:_ANALYSED_CHARACTERS]):
            start, end = match.span(1)
            if len(found) < _MAX_FOUND and all(end <= left or start >= right for left, right in covered):
                covered.append((start, end))
                found.append(UnlistedName(field, start, end, text[start:end], kind))
    return found
