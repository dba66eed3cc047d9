"""Names as headlines write them: the run of capitalised words that ends or begins at a position."""

import re
from typing import NamedTuple

from nlp.words import word_list

_WORD = re.compile(r"[^\s,;:()\"\u201c\u201d]+")
_LEGAL = re.compile(r"(?:,|(?<!\s))\s++(?:Inc|Corp|Ltd|LLC|L\.?P|PLC|plc|Co|N\.V|S\.A|AG|SE)\b\.?")
# Between the name of who acts and the verb: "Cisco to cut", "Baldor Electric Agrees To Be Acquired".
_BEFORE_VERB = word_list("before_verbs")
# Where a name ends, or what stands before it and is none of it, however it is capitalised in a title.
_NO_NAME = word_list("not_in_names")
_NEVER_A_NAME = word_list("not_names_alone") | word_list("not_organisations")
# What agencies put before a headline is joined to its first name: "UPDATE 2-Acme to buy Widget".
_WIRE_MARK = re.compile(
    r"(?:(?:UPDATE|WRAPUP|RPT|REFILE|BRIEF|EXCLUSIVE|Exclusive|CORRECTED|FACTBOX|FOCUS|ANALYSIS)(?: \d{1,2})?[-:] ?)+"
)
_ARTICLES = frozenset(("the", "its", "rival", "a", "an", "peer", "smaller", "larger", "about", "all"))
# "US chipmaker Acme", "Pringles maker Acme", "UK's Acme": what the named one is or where it is from.
_DESCRIPTION = re.compile(r"[a-z][a-z\d-]{2,}")
_MAX_DESCRIPTIONS = 4
_OWNER_NOUNS = word_list("owner_nouns")
_COUNTRIES_OF = word_list("countries_of")
# Names that begin with a word that else is none of them.
_NEW = re.compile(r"New (?=(?:York|Zealand|Jersey|Mexico|England|Delhi|Orleans|Relic|Fortress|Oriental)\b)")
_MAX_WORDS = 7


class Run(NamedTuple):
    """A stretch of a text, `end` exclusive."""

    start: int
    end: int


def is_never_a_name(folded: str) -> bool:
    """Say whether every word of `folded` is one that names nobody: "pending", "board"."""
    return _NEVER_A_NAME.issuperset(folded.split())


def run_before(text: str, position: int) -> Run | None:
    """Return the name that ends before `position`, past the small words that join it to its verb."""
    begin = max(text.rfind(mark, 0, position) for mark in (";", ": ", "(", "|", " - ")) + 1
    begin = max(begin, position - 120, _begin_of_headline(text))
    words = [(match.start(), match.end()) for match in _WORD.finditer(text, begin, position) if match.end() <= position]
    while words and _plain(text, words[-1]) in _BEFORE_VERB:
        words.pop()
    if words and "," in text[words[-1][1] : position]:
        return None
    first = len(words)
    while first > 0 and len(words) - first < _MAX_WORDS and _is_name_word(text, words[first - 1]):
        if first < len(words) and not _are_joined(text, words[first - 1][1], words[first][0]):
            break
        first -= 1
    return _run(text, words[first:])


def run_after(text: str, position: int) -> Run | None:
    """Return the name that begins after `position`, past an article and the words that say what the named one is."""
    words: list[tuple[int, int]] = []
    skipped = 0
    position = max(position, _begin_of_headline(text))
    for match in _WORD.finditer(text, position, min(len(text), position + 120)):
        word = (match.start(), match.end())
        if not words:
            if text[position : word[0]].strip(" '\"\u2018\u201c"):
                return None
            is_description = skipped < _MAX_DESCRIPTIONS and _is_description(text, word)
            if is_description or _plain(text, word) in _ARTICLES:
                position = word[1]
                skipped += is_description
                continue
        elif _plain(text, word) in _OWNER_NOUNS and _next_is_name(text, match.end()):
            words = []
            position = word[1]
            continue
        elif not _are_joined(text, words[-1][1], word[0]):
            break
        joins = bool(words) and _plain(text, word) in {"of", "and", "&"} and _next_is_name(text, match.end())
        if len(words) >= _MAX_WORDS or not (joins or _is_name_word(text, word)):
            break
        words.append(word)
    return _run(text, words)


def _begin_of_headline(text: str) -> int:
    mark = _WIRE_MARK.match(text)
    return mark.end() if mark is not None else 0


def _is_description(text: str, word: tuple[int, int]) -> bool:
    raw = text[word[0] : word[1]]
    return _DESCRIPTION.fullmatch(raw) is not None and raw not in _NO_NAME and not _is_name_word(text, word)


def _next_is_name(text: str, position: int) -> bool:
    match = _WORD.search(text, position)
    return match is not None and match.start() == position + 1 and _is_name_word(text, match.span())


def _plain(text: str, word: tuple[int, int]) -> str:
    return text[word[0] : word[1]].strip(".'\u2019").lower()


def _is_name_word(text: str, word: tuple[int, int]) -> bool:
    raw = text[word[0] : word[1]]
    plain = _plain(text, word)
    if _NEW.match(text, word[0]) is not None:
        return True
    if plain in _NO_NAME or not plain or "$" in raw:
        return raw == "&"
    return (
        raw[0].isupper()
        or (raw[0] in "&'\u2018" and len(raw) > 1)
        or raw == "&"
        or (raw[0].islower() and raw[1:2].isupper())
    )


def _are_joined(text: str, end: int, start: int) -> bool:
    gap = text[end:start]
    return gap == " " or (gap.strip() == "," and _LEGAL.match(text, end) is not None)


def _run(text: str, words: list[tuple[int, int]]) -> Run | None:
    """Return the words as one stretch without a possessive's end; None when they name nothing."""
    while words and _plain(text, words[-1]) in {"&", "and", "of", "shares", "stock"}:
        words = words[:-1]
    while len(words) > 1 and text[slice(*words[0])].lower().replace("\u2019", "'") in _COUNTRIES_OF:
        words = words[1:]
    if any(_plain(text, word) in {"stocks", "etfs"} for word in words):
        return None
    if not words or all(_plain(text, word) in _NEVER_A_NAME for word in words):
        return None
    start, end = words[0][0], words[-1][1]
    for ending in ("'s", "\u2019s", "'", "\u2019"):
        if text[start:end].endswith(ending):
            end -= len(ending) if len(words) > 1 or ending in {"'", "\u2019"} else 0
            break
    if text[end - 1] == "." and _LEGAL.search(text, start, end) is None:
        end -= 1
    return Run(start, end) if end - start > 1 else None
