"""Short names that headlines give to large companies: "Chipotle" for Chipotle Mexican Grill, "WBD" for its initials.

Words of trade are cut from the end of a company's name, one after the other. What is left is an alias only where
nothing else is likely to bear it: no listed company that is not far smaller, no place, person or institution. How far
it can be trusted alone follows from the word: an everyday word needs a sign beside it, a surname a business text.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from nlp.entities.gazetteer import AliasKind, KnownEntity
from nlp.entities.ticker_marks import NOT_TICKERS
from nlp.training.entities.company_names import spellings, without_legal_form
from nlp.training.entities.draft import GazetteerDraft
from nlp.training.entities.name_lists import common_surnames
from nlp.word_pieces import load_tokenizer
from nlp.words import word_list

# Companies past this rank are too seldom in the news for a short name that could be another's.
MAX_RANK = 4_000
# Letters are another's too easily: those of companies of this size only.
_KNOWN = 1_200
# Everyday words are let in for companies of this size only: of "Carrier" the headline's is a large one or none.
_GREAT = 500
# A namesake this many times smaller does not make a name ambiguous, as in linking.
_DOMINANCE = 4.0
_MIN_USES = 2
_SHORTEST = 3
_TRADE_WORDS = Path(__file__).parent / "curated" / "trade_words.txt"
_TRADE = word_list("generic_company_words").union(_TRADE_WORDS.read_text(encoding="utf-8").split())
# Words that say how a firm is built and not what it does: without them even an everyday word stays a name.
_STRUCTURE = frozenset(
    ("holdings", "holding", "group", "companies", "enterprise", "enterprises", "international", "global", "worldwide")
)
_JOINS = frozenset(("&", "and"))
_NO_END = _JOINS | {"of", "the", "de", "for", "in", "la", "van", "von"}
_LOWER = re.compile(r"(?<![\w.@/-])[a-z][a-z'\u2019&-]*[a-z]\b")


def words_in_lower_case(texts: Iterable[str]) -> frozenset[str]:
    """Return the words that stand in lower case in `texts`, at least twice: everyday words."""
    uses: Counter[str] = Counter()
    for text in texts:
        uses.update(_LOWER.findall(text))
    return frozenset(word for word, count in uses.items() if count >= _MIN_USES)


def words_of_books() -> frozenset[str]:
    """Return the words of the encoder's vocabulary: what books and an encyclopaedia use most, proper names too.

    Notes
    -----
    "apollo" and "manhattan" are among them, "chipotle" is not.
    """
    return frozenset(piece for piece in load_tokenizer().get_vocab() if piece.isalpha())


def cut_names(bare: str) -> list[tuple[str, list[str]]]:
    """Return the ever shorter forms of a name without its legal form, each with the words cut (lower case)."""
    words = bare.replace(",", "").split(" ")
    cut: list[str] = []
    found = []
    while len(words) > 1 and (words[-1].lower() in _TRADE or words[-1].lower() in _JOINS):
        cut.append(words.pop().lower())
        if words[-1].lower() not in _NO_END:
            found.append((" ".join(words), list(cut)))
    return found


def initials(bare: str) -> str:
    """Return the first letters of the words of a name, hyphens taken as spaces."""
    return "".join(word[0] for word in re.split(r"[ -]", bare) if word[:1].isalpha() and word.lower() not in _NO_END)


class HeadlineNames:
    """Adds the short names of large companies to a draft that holds all other names already.

    Parameters
    ----------
    draft : with the listed companies and everything named by hand
    everyday : see `words_in_lower_case`; names that need context are such too
    usual : words that are more than a firm's name, see `words_of_books`
    vetoed : names that are never let in
    """

    def __init__(
        self, draft: GazetteerDraft, everyday: frozenset[str], usual: frozenset[str], vetoed: frozenset[str]
    ) -> None:
        self._draft = draft
        self._everyday = everyday | word_list("given_names")
        self._usual = usual | self._everyday
        self._vetoed = vetoed
        self._surnames = common_surnames()
        self._bearers = _bearers(draft)

    def add(self) -> dict[str, tuple[str, AliasKind]]:
        """Add the names and return those that are new, each with the company and how far it can be trusted."""
        added: dict[str, tuple[str, AliasKind]] = {}
        for index, entity in enumerate(self._draft.entities):
            if entity.type != "company" or entity.cik is None or entity.rank >= MAX_RANK:
                continue
            for name, kind in self._names(index, entity):
                for spelling in spellings(name):
                    if self._is_wanted(spelling, index, kind):
                        self._draft.aliases.setdefault(spelling, {})[index] = kind
                        added[spelling] = (entity.name, kind)
        return added

    def _is_wanted(self, spelling: str, index: int, kind: AliasKind) -> bool:
        """Say whether the name is new, or derived before and too much of an everyday word to be kept as such."""
        known = self._draft.aliases.get(spelling, {}).get(index)
        return known is None or (known is AliasKind.DERIVED and kind is AliasKind.COMMON and spelling in self._everyday)

    def _names(self, index: int, entity: KnownEntity) -> Iterator[tuple[str, AliasKind]]:
        bare = without_legal_form(entity.name)
        for name, cut in cut_names(bare):
            kind = self._kind(name, cut, entity)
            if kind is not None and self._vetoed.isdisjoint(spellings(name)) and self._is_free(name, index, entity):
                yield name, kind
        short = initials(bare)
        if short == entity.ticker and entity.rank < _GREAT and self._is_acronym(short):
            yield short, AliasKind.COMMON

    def _is_acronym(self, letters: str) -> bool:
        low = letters.lower()
        is_other = letters in NOT_TICKERS or low in self._everyday or low in self._vetoed
        return len(letters) >= _SHORTEST and not is_other and low not in self._draft.aliases

    def _kind(self, name: str, cut: list[str], entity: KnownEntity) -> AliasKind | None:
        """Return how far the short name can be trusted, None when not at all."""
        low = name.lower()
        is_great = entity.rank < _GREAT
        if len(name) < _SHORTEST:
            return None
        if " " in name:
            is_name = not self._usual.issuperset(re.split(r"[ -]", low))
            return AliasKind.DERIVED if is_name else AliasKind.COMMON if entity.rank < _KNOWN else None
        are_initials = name.isupper() or (len(name) <= _SHORTEST and name.upper() == entity.ticker)
        if are_initials and entity.rank < _KNOWN and self._is_acronym(name.upper()):
            return AliasKind.COMMON
        if low in self._usual or len(name) <= _SHORTEST:
            is_left_a_name = _STRUCTURE.issuperset(cut) or low not in self._everyday
            return AliasKind.COMMON if is_great and is_left_a_name else None
        return AliasKind.RARE if low in self._surnames else AliasKind.DERIVED

    def _is_free(self, name: str, index: int, entity: KnownEntity) -> bool:
        """Say whether no other entity of like size bears the name, whole or as the head of its own."""
        forms = spellings(name)
        bearers = {other for form in forms for other in self._draft.aliases.get(form, {})}
        bearers.update(other for form in forms for other in self._bearers.get(form, ()))
        return all(_is_far_smaller(self._draft.entities[other], entity) for other in bearers - {index})


def _is_far_smaller(other: KnownEntity, entity: KnownEntity) -> bool:
    return other.type == "company" and other.rank + 10 >= _DOMINANCE * (entity.rank + 10)


def _bearers(draft: GazetteerDraft) -> dict[str, set[int]]:
    """Return for the first words of companies' names which companies' names begin so."""
    found: dict[str, set[int]] = {}
    for index, entity in enumerate(draft.entities):
        if entity.type == "company":
            words = without_legal_form(entity.name).lower().replace(",", "").split(" ")
            for size in range(1, min(4, len(words) + 1)):
                found.setdefault(" ".join(words[:size]), set()).add(index)
    return found
