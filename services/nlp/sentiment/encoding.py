"""Encodes texts as word-piece ids for the encoder of the deep tier, with the positions of names."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from nlp.sentiment.tier import EntityText
from nlp.texts.tokens import LINK

MAX_PIECES = 96
_SPACED_CLOSING = re.compile(r" (?=[.,;:!?%)]|'s\b|n't\b)")
_SPACED_OPENING = re.compile(r"(?<=[($]) ")
_SPACE = re.compile(r"\s+")
_TYPOGRAPHIC = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})


class Batch(NamedTuple):
    """Texts of one length: `pieces` and `mask` of shape (n_texts, n_pieces)."""

    pieces: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]


def normalised(text: str) -> str:
    """Return `text` as it is written in news: links named, spaces before punctuation and typographic marks removed."""
    plain = text.translate(_TYPOGRAPHIC)
    if "http" in plain:
        plain = LINK.sub("url", plain)
    plain = _SPACED_OPENING.sub("", _SPACED_CLOSING.sub("", plain))
    return _SPACE.sub(" ", plain).strip()


@dataclass(frozen=True, slots=True)
class PieceText:
    """A text as it is read: as written in news, and the numbers of its pieces, first and last marks included."""

    plain: str
    ids: list[int]
    _encoding: Encoding

    def pieces_of(self, place: EntityText) -> tuple[int, int] | None:
        """Return the first piece of a name and the one behind its last; None where it stands behind what is read.

        Parameters
        ----------
        place : the name in the text as it came, before it was normalised
        """
        name = normalised(place.text[place.start : place.end])
        begin = self.plain.find(name, max(0, len(normalised(place.text[: place.start])) - 1))
        first = None if begin < 0 or not name else self._encoding.char_to_token(begin)
        if first is None:
            return None
        last = self._encoding.char_to_token(begin + len(name) - 1)
        return first, len(self.ids) - 1 if last is None else last + 1


class TextEncoder:
    """The word pieces of texts (WordPiece; Wu et al. 2016), cut to 96; safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_PIECES)
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, path: Path) -> "TextEncoder":
        """Return the encoder of the `tokenizer.json` at `path`."""
        return cls(Tokenizer.from_file(str(path)))

    def read(self, texts: Sequence[str]) -> list[PieceText]:
        """Return each text as pieces."""
        plain = [normalised(text) for text in texts]
        found = self._tokenizer.encode_batch(plain, add_special_tokens=True)
        return [PieceText(text, encoding.ids, encoding) for text, encoding in zip(plain, found, strict=True)]


def padded(ids: Sequence[Sequence[int]]) -> Batch:
    """Return the rows filled up to the longest of them; a row is never empty."""
    width = max(map(len, ids))
    pieces = np.zeros((len(ids), width), dtype=np.int64)
    mask = np.zeros((len(ids), width), dtype=np.int64)
    for row, numbers in enumerate(ids):
        pieces[row, : len(numbers)] = numbers
        mask[row, : len(numbers)] = 1
    return Batch(pieces, mask)
