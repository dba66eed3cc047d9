"""Words as input of the contextual tagger: pieces, the spelling of each word, and what the gazetteer knows about it.

The encoder was pretrained on lower case, so that the capitals come beside the pieces.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from nlp.entities.gazetteer import AliasKind, AliasMatch
from nlp.entities.tagging.listed_words import gazetteer_marks
from nlp.entities.tagging.tokens import TokenSequence
from nlp.texts.sentences import split_sentences
from nlp.word_pieces import load_tokenizer

LONGEST = 112
"""Pieces of one sequence, without its first and last mark."""
N_FORMS = 9
_TRUSTS = (AliasKind.STRONG, AliasKind.DERIVED, AliasKind.RARE, AliasKind.COMMON)
_LISTED = (
    *(f"company{kind}" for kind in _TRUSTS),
    *("person", "place", "currency", "commodity", "index", "product", "organisation"),
)
_CODES = {f"listed={kind}{place}": 1 + 2 * row + (place == "I") for row, kind in enumerate(_LISTED) for place in "BI"}
_CODES |= {
    f"listed=company{AliasKind.USER}{place}": _CODES[f"listed=company{AliasKind.STRONG}{place}"] for place in "BI"
}
N_LISTED = 1 + 2 * len(_LISTED)


@dataclass(slots=True)
class WordSequence:
    """The pieces of one or more sentences; `tokens` says which token of the text each piece belongs to."""

    pieces: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    forms: list[int] = field(default_factory=list)
    listed: list[int] = field(default_factory=list)

    def add(self, other: "WordSequence") -> None:
        """Go on with another sequence."""
        self.pieces += other.pieces
        self.tokens += other.tokens
        self.forms += other.forms
        self.listed += other.listed

    def parts(self, longest: int = LONGEST) -> Iterator["WordSequence"]:
        """Yield the sequence in parts of at most `longest` pieces."""
        for start in range(0, len(self.pieces), longest):
            stretch = slice(start, start + longest)
            yield WordSequence(self.pieces[stretch], self.tokens[stretch], self.forms[stretch], self.listed[stretch])


class SequenceBatch(NamedTuple):
    """Sequences filled up to one length, each array of shape (n_sequences, n_pieces); first and last are marks."""

    pieces: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]
    forms: npt.NDArray[np.int64]
    listed: npt.NDArray[np.int64]


# Longer words are looked at each time: the cache is bounded in bytes, not only in entries.
_CACHED_CHARACTERS = 40


@lru_cache(maxsize=20_000)
def written_form(word: str) -> int:
    """Return how a word is written: 1 lower, 2 Title, 3 CAPITALS, 4 initials, 5 miXed, 6 figures, 7 3rd, 8 signs.

    Notes
    -----
    0 is for what is no word.
    """
    letters = [letter for letter in word if letter.isalpha()]
    if word[0].isdigit():
        return 7 if letters else 6
    if not letters:
        return 8
    if word.islower():
        return 1
    if all(letter.isupper() for letter in letters):
        return 4 if len(letters) == 1 or "." in word else 3
    return 2 if letters[0].isupper() and not any(letter.isupper() for letter in letters[1:]) else 5


class SequenceEncoder:
    """Turns sentences into sequences of word pieces (WordPiece; Wu et al. 2016); safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        first, last = (tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]"))
        if first is None or last is None:
            raise ValueError("The word pieces lack the marks [CLS] and [SEP].")
        self._first, self._last = first, last

    @classmethod
    def load(cls) -> "SequenceEncoder":
        """Return the encoder with the shipped word pieces."""
        return cls(load_tokenizer())

    def sentences(self, text: str, tokens: TokenSequence, matches: Iterable[AliasMatch]) -> list[WordSequence]:
        """Return the sentences of `text` as sequences.

        Parameters
        ----------
        tokens : those of the text, see `name_tokens`
        matches : what the gazetteer finds in it
        """
        marks = gazetteer_marks(tokens, matches)
        ends = [sentence.end for sentence in split_sentences(text)]
        begins = [0, *np.searchsorted(tokens.starts, ends).tolist()]
        stretches = [
            range(first, stop)
            for first, stop in zip(begins, [*begins[1:], len(tokens.words)], strict=True)
            if first < stop
        ]
        encoded = self._tokenizer.encode_batch(
            [[tokens.words[token] for token in stretch] for stretch in stretches],
            is_pretokenized=True,
            add_special_tokens=False,
        )
        forms = [
            written_form(word) if len(word) <= _CACHED_CHARACTERS else written_form.__wrapped__(word)
            for word in tokens.words
        ]
        codes = [_CODES.get(marks[token][0], 0) if token in marks else 0 for token in range(len(tokens.words))]
        found = []
        for stretch, encoding in zip(stretches, encoded, strict=True):
            # Only marks belong to no word, and none are added here.
            places = [stretch[word] for word in encoding.word_ids if word is not None]
            found.append(
                WordSequence(
                    encoding.ids, places, [forms[place] for place in places], [codes[place] for place in places]
                )
            )
        return found

    def batch(self, sequences: Sequence[WordSequence]) -> SequenceBatch:
        """Return the sequences filled up to the longest of them, each between its two marks."""
        width = 2 + max(len(sequence.pieces) for sequence in sequences)
        found = SequenceBatch(*(np.zeros((len(sequences), width), dtype=np.int64) for _ in SequenceBatch._fields))
        for row, sequence in enumerate(sequences):
            end = 1 + len(sequence.pieces)
            found.pieces[row, 0], found.pieces[row, end] = self._first, self._last
            found.mask[row, : end + 1] = 1
            found.pieces[row, 1:end] = sequence.pieces
            found.forms[row, 1:end] = sequence.forms
            found.listed[row, 1:end] = sequence.listed
        return found


def windows(sentences: Iterable[WordSequence], longest: int = LONGEST) -> list[WordSequence]:
    """Return neighbouring sentences together, as many as fit into `longest` pieces; a longer sentence is cut."""
    found: list[WordSequence] = []
    for sentence in sentences:
        for part in sentence.parts(longest):
            if found and len(found[-1].pieces) + len(part.pieces) <= longest:
                found[-1].add(part)
            else:
                found.append(part)
    return found
