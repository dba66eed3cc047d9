"""Inference of a linear text classifier: dictionary look-ups and additions, no matrix and no framework.

It computes softmax(b + Σ_block (Σ_f w_f idf_f / ‖idf_f‖)), with the class neutral as reference, so two numbers
a feature are enough. What a form's letters contribute depends on the form alone and is kept once computed.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from nlp.artefacts import Arrays, unpack_words
from nlp.sentiment.features import Families, Key, pieces

_MAX_KNOWN_FORMS = 20_000
_NOTHING = (0.0, 0.0, 0.0)
Weights = tuple[float, float, float]
"""Weight toward negative, toward positive (both against neutral), and squared inverse document frequency."""


class Probabilities(NamedTuple):
    """Class probabilities; they sum to 1."""

    negative: float
    neutral: float
    positive: float


class LinearScore(NamedTuple):
    """The logits of negative and positive against neutral, before the temperature, and the blocks' lengths."""

    to_negative: float
    to_positive: float
    word_norm: float
    letter_norm: float


class _ByForm(dict[str, Weights]):
    """What the letters of a form contribute together, computed when a form is first met."""

    def __init__(self, letters: Mapping[str, Weights]) -> None:
        super().__init__()
        self._letters = letters

    def __missing__(self, form: str) -> Weights:
        if len(self) >= _MAX_KNOWN_FORMS:
            self.clear()
        self[form] = total = _total(map(self._letters.get, pieces(form)))
        return total


class LinearText:
    """A linear model over the features of `nlp.sentiment.features`.

    Parameters
    ----------
    words : family -> key -> weights
    letters : letter run -> weights
    intercept : the two logits of an empty text
    temperature : divides the logits; fitted on validation data so that the probabilities are calibrated
    """

    def __init__(
        self,
        words: Mapping[str, Mapping[Key, Weights]],
        letters: Mapping[str, Weights],
        intercept: tuple[float, float],
        temperature: float,
    ) -> None:
        self._words = words
        self._by_form = _ByForm(letters)
        self._intercept = intercept
        self._temperature = temperature

    @classmethod
    def from_arrays(cls, arrays: Arrays, head: str) -> "LinearText":
        """Return the model stored under the prefix `head` of an artefact's arrays."""
        intercept = arrays[f"{head}_intercept"].tolist()
        words: dict[str, dict[Key, Weights]] = {}
        for feature, weights in _rows(arrays, f"{head}_words"):
            family, *key = feature.split("\t")
            words.setdefault(family, {})[key[0] if family == "form" else tuple(key)] = weights
        letters = dict(_rows(arrays, f"{head}_letters"))
        return cls(words, letters, (intercept[0], intercept[1]), float(arrays[f"{head}_temperature"]))

    def score(self, forms: Sequence[str], families: Families) -> LinearScore:
        """Return the score of a text given by its forms and word features."""
        found: list[Weights | None] = []
        for family, keys in families:
            table = self._words.get(family)
            if table is not None:
                found += map(table.get, keys)
        negative, positive, square = _total(found)
        norm = math.sqrt(square) or 1.0
        letter_negative, letter_positive, letter_square = _total(map(self._by_form.__getitem__, forms))
        letter_norm = math.sqrt(letter_square) or 1.0
        return LinearScore(
            self._intercept[0] + negative / norm + letter_negative / letter_norm,
            self._intercept[1] + positive / norm + letter_positive / letter_norm,
            norm,
            letter_norm,
        )

    def probabilities(self, score: LinearScore) -> Probabilities:
        """Return the calibrated class probabilities of a score."""
        negative = math.exp(max(-30.0, min(30.0, score.to_negative / self._temperature)))
        positive = math.exp(max(-30.0, min(30.0, score.to_positive / self._temperature)))
        total = 1.0 + negative + positive
        return Probabilities(negative / total, 1.0 / total, positive / total)

    def pull(self, forms: Sequence[str], score: LinearScore) -> list[float]:
        """Return what each form adds to the score: its weight toward positive minus toward negative.

        Notes
        -----
        A pair of neighbours is shared between its two forms; pairs further apart are left out.
        """
        alone = self._words["form"].get
        found = [
            (word[1] - word[0]) / score.word_norm + (letters[1] - letters[0]) / score.letter_norm
            for word, letters in zip(
                [alone(form, _NOTHING) for form in forms], map(self._by_form.__getitem__, forms), strict=True
            )
        ]
        half = 0.5 / score.word_norm
        for index, pair in enumerate(map(self._words["next"].get, pairwise(forms))):
            if pair is not None:
                share = (pair[1] - pair[0]) * half
                found[index] += share
                found[index + 1] += share
        return found


def _total(found: Iterable[Weights | None]) -> Weights:
    # Two thirds of the time of summing three transposed columns.
    negative = positive = square = 0.0
    for to_negative, to_positive, squared in filter(None, found):
        negative += to_negative
        positive += to_positive
        square += squared
    return negative, positive, square


def _rows(arrays: Arrays, block: str) -> Iterable[tuple[str, Weights]]:
    features = unpack_words(arrays[f"{block}_features"])
    frequency = arrays[f"{block}_idf"].astype(np.float64)
    weights = arrays[f"{block}_weights"].astype(np.float64) * frequency[:, None]
    columns = (weights[:, 0].tolist(), weights[:, 1].tolist(), (frequency**2).tolist())
    return zip(features, zip(*columns, strict=True), strict=True)
