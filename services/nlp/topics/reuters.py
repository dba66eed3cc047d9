"""Reuters topic codes of a text: one linear model for each code, corrected by whether the text names the code.

Most codes have a handful of stories to learn from, some a single one. What codes have in common is learned from all of
them together: how far a margin can be trusted that so many stories taught, and what it adds that the text says "rye".
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from common.contracts import TopicScore
from nlp.artefacts import Arrays, checked_path, load_arrays, load_manifest, unpack_words
from nlp.texts.tokens import forms
from nlp.topics.code_names import CodeNames

REUTERS_ARTEFACT = "topics-reuters"
_ANALYSED_CHARACTERS = 6_000
_FOUND_FROM = 0.5


class StoryWords(NamedTuple):
    """The words of a story: of its title, and of what stands below."""

    title: list[str]
    body: list[str]


def story_words(title: str, body: str) -> StoryWords:
    """Return the words and percent signs of a story."""
    return StoryWords(_words(title), _words(body[:_ANALYSED_CHARACTERS]))


def _words(text: str) -> list[str]:
    return [form for form in forms(text) if form[0].isalpha() or form == "%"]


def story_features(words: StoryWords) -> list[str]:
    """Return the features of a story: its words, those of the title once more and marked, and neighbouring pairs."""
    title, body = words
    found = [*title, *body]
    found += [f"t:{form}" for form in title]
    found += [f"{left} {right}" for left, right in chain(pairwise(title), pairwise(body))]
    return found


class ReutersTopics:
    """The shipped model.

    Notes
    -----
    The logit of a code is `slope m + offset + title t + text b + m (title_slope t + text_slope b)`: `m` is the margin
    of its linear model, `t` is 1 when the title names the code, `b` the logarithm of 1 + how often the body does.
    `slope`, `offset`, `title` and `text` are the code's own, and all follow from how many stories taught it.
    """

    def __init__(self, version: str, arrays: Arrays) -> None:
        self.version = version
        self.codes = unpack_words(arrays["codes"])
        self._columns = {feature: column for column, feature in enumerate(unpack_words(arrays["features"]))}
        self._frequency = arrays["idf"].astype(np.float32)
        self._weights = arrays["weights"]
        self._scale = arrays["scale"].astype(np.float32)
        self._intercepts = arrays["intercepts"]
        self._slope, self._offset = arrays["slope"], arrays["offset"]
        self._title, self._text = arrays["title"], arrays["text"]
        self._title_slope, self._text_slope = arrays["name_slopes"].tolist()
        self._names = CodeNames(self.codes)

    @classmethod
    def load(cls) -> "ReutersTopics":
        """Return the shipped model, checked by hash."""
        return cls(load_manifest()[REUTERS_ARTEFACT].version, load_arrays(checked_path(REUTERS_ARTEFACT)))

    def classify(self, title: str, body: str) -> list[TopicScore]:
        """Return the codes of a story with their probabilities, the likeliest first; possibly none."""
        columns = self._columns
        words = story_words(title, body)
        counts = Counter(columns[feature] for feature in story_features(words) if feature in columns)
        if not counts:
            return []
        index = np.fromiter(counts.keys(), dtype=np.int64)
        values = np.array([1.0 + math.log(count) for count in counts.values()], dtype=np.float32)
        values *= self._frequency[index]
        values /= np.linalg.norm(values)
        margins = (values @ self._weights[index]) * self._scale + self._intercepts
        logits = self._slope * margins + self._offset
        for column, naming in self._names.find(*words).items():
            below = math.log1p(naming.n_below)
            logits[column] += naming.is_in_title * (self._title[column] + self._title_slope * margins[column])
            logits[column] += below * (self._text[column] + self._text_slope * margins[column])
        return self._above(logits)

    def _above(self, logits: npt.NDArray[np.floating]) -> list[TopicScore]:
        probabilities: Sequence[float] = (1.0 / (1.0 + np.exp(-logits))).tolist()
        found = [
            TopicScore(topic=code, score=round(probability, 4))
            for code, probability in zip(self.codes, probabilities, strict=True)
            if probability >= _FOUND_FROM
        ]
        return sorted(found, key=lambda topic: -topic.score)
