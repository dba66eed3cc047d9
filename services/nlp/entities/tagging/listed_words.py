"""What the gazetteer knows about the words of a text, as input of the name taggers."""

from collections.abc import Iterable

from nlp.entities.gazetteer import AliasMatch
from nlp.entities.tagging.tokens import TokenSequence


def gazetteer_marks(tokens: TokenSequence, matches: Iterable[AliasMatch]) -> dict[int, tuple[str, ...]]:
    """Return what the gazetteer takes each token for: type, trust in the alias, and first or later word of it."""
    first = {start: index for index, start in enumerate(tokens.starts)}
    last = {end: index for index, end in enumerate(tokens.ends)}
    found: dict[int, tuple[str, ...]] = {}
    for match in matches:
        begin, stop = first.get(match.start), last.get(match.end)
        if begin is None or stop is None or tokens.words[begin].islower():
            continue
        candidate = match.candidates[0]
        trust = str(candidate.kind) if candidate.entity.type == "company" else ""
        size = min(stop - begin, 2)
        kind = f"{candidate.entity.type}{trust}"
        for index in range(begin, stop + 1):
            place = "B" if index == begin else "I"
            found[index] = (f"listed={kind}{place}", f"type={candidate.entity.type}", f"size={kind}{place}{size}")
    return found
