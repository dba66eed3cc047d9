"""Texts as the numbers of word pieces that the encoder of the deep tier reads, with a name set between marks."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from nlp.sentiment.tier import EntityText
from nlp.texts.tokens import LINK

MAX_PIECES = 96
_SPACED_CLOSING = re.compile(r" (?=[.,;:!?%)]|'s\b|n't\b)")
_SPACED_OPENING = re.compile(r"(?<=[($]) ")
_SPACE = re.compile(r"\s+")
_OPEN, _CLOSE = "[unused0]", "[unused1]"
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


def marked(place: EntityText) -> str:
    """Return the text with the name between marks."""
    text, start, end = place
    return f"{normalised(text[:start])} {_OPEN} {normalised(text[start:end])} {_CLOSE} {normalised(text[end:])}".strip()


class TextEncoder:
    """The word pieces of texts (WordPiece; Wu et al. 2016), cut to 96; safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_PIECES)
        tokenizer.add_special_tokens([_OPEN, _CLOSE])
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, path: Path) -> "TextEncoder":
        """Return the encoder of the `tokenizer.json` at `path`."""
        return cls(Tokenizer.from_file(str(path)))

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the numbers of the pieces of each text, already normalised, first and last marks included."""
        return [found.ids for found in self._tokenizer.encode_batch(list(texts), add_special_tokens=True)]


def padded(ids: Sequence[Sequence[int]]) -> Batch:
    """Return the rows filled up to the longest of them; a row is never empty."""
    width = max(map(len, ids))
    pieces = np.zeros((len(ids), width), dtype=np.int64)
    mask = np.zeros((len(ids), width), dtype=np.int64)
    for row, numbers in enumerate(ids):
        pieces[row, : len(numbers)] = numbers
        mask[row, : len(numbers)] = 1
    return Batch(pieces, mask)
