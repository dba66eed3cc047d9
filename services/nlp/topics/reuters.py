"""Reuters topic codes of a text, by one linear model for each code."""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from common.contracts import TopicScore
from nlp.artefacts import checked_path, load_arrays, load_manifest, unpack_words
from nlp.texts.tokens import forms

REUTERS_ARTEFACT = "topics-reuters"
_ANALYSED_CHARACTERS = 6_000
_FOUND_FROM = 0.5


def story_features(title: str, body: str) -> list[str]:
    """Return the features of a story: its words, those of the title once more and marked, and neighbouring pairs."""
    head = [form for form in forms(title) if form[0].isalpha() or form == "%"]
    text = [form for form in forms(body[:_ANALYSED_CHARACTERS]) if form[0].isalpha() or form == "%"]
    found = [*head, *text]
    found += [f"t:{form}" for form in head]
    found += [f"{left} {right}" for words in (head, text) for left, right in pairwise(words)]
    return found


class ReutersTopics:
    """The shipped model: codes with their weights, thresholds and the slope that turns margins into probabilities."""

    def __init__(self, version: str, arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.version = version
        self.codes = unpack_words(arrays["codes"])
        self._columns = {feature: column for column, feature in enumerate(unpack_words(arrays["features"]))}
        self._frequency = arrays["idf"].astype(np.float32)
        self._weights = arrays["weights"]
        self._scale = arrays["scale"].astype(np.float32)
        self._offset = arrays["intercepts"] - arrays["thresholds"]
        self._slope = float(arrays["slope"])

    @classmethod
    def load(cls) -> "ReutersTopics":
        """Return the shipped model, checked by hash."""
        return cls(load_manifest()[REUTERS_ARTEFACT].version, load_arrays(checked_path(REUTERS_ARTEFACT)))

    def classify(self, title: str, body: str) -> list[TopicScore]:
        """Return the codes of a story with their probabilities, the likeliest first; possibly none."""
        columns = self._columns
        counts = Counter(columns[feature] for feature in story_features(title, body) if feature in columns)
        if not counts:
            return []
        index = np.fromiter(counts.keys(), dtype=np.int64)
        values = np.array([1.0 + math.log(count) for count in counts.values()], dtype=np.float32)
        values *= self._frequency[index]
        values /= np.linalg.norm(values)
        margins = (values @ self._weights[index]) * self._scale + self._offset
        return self._above(margins)

    def _above(self, margins: npt.NDArray[Any]) -> list[TopicScore]:
        probabilities: Sequence[float] = (1.0 / (1.0 + np.exp(-self._slope * margins))).tolist()
        found = [
            TopicScore(topic=code, score=round(probability, 4))
            for code, probability in zip(self.codes, probabilities, strict=True)
            if probability >= _FOUND_FROM
        ]
        return sorted(found, key=lambda topic: -topic.score)
