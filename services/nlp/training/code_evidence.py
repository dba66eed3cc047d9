"""How evidence for a Reuters code adds up, learned from all codes together: margins, names, and numbers of stories.

A logistic regression over pairs of a story and a code. A code with one story has the same right to it as one with
thousands: what is learned is how much a margin means that n stories taught, and what the code's name in a text adds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from nlp.topics.code_names import CodeNames
from nlp.topics.reuters import StoryWords

Array = npt.NDArray[np.float32]
_ITERATIONS = 300
# A pair without a name in the text and a margin below this is no code for sure; it would only cost time.
_SURELY_NOT = -0.97


@dataclass(frozen=True, slots=True)
class NamedIn:
    """Where stories name codes: `title` is 0 or 1, `text` log(1 + mentions in the body); shape (n_stories, n_codes)."""

    title: Array
    text: Array

    @classmethod
    def of(cls, stories: Sequence[StoryWords], codes: Sequence[str]) -> "NamedIn":
        """Return where `stories` name `codes`."""
        names = CodeNames(codes)
        title = np.zeros((len(stories), len(codes)), dtype=np.float32)
        text = np.zeros_like(title)
        for row, words in enumerate(stories):
            for column, naming in names.find(*words).items():
                title[row, column] = naming.is_in_title
                text[row, column] = np.log1p(naming.n_below)
        return cls(title, text)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The parts of a code's logit, see `nlp.topics.reuters.ReutersTopics`; arrays have one number a code."""

    slope: Array
    offset: Array
    title: Array
    text: Array
    name_slopes: tuple[float, float]

    def logits(self, margins: Array, named: NamedIn) -> Array:
        """Return the logit of each story and code."""
        title_slope, text_slope = self.name_slopes
        found: Array = (
            (self.slope + title_slope * named.title + text_slope * named.text) * margins
            + self.offset
            + self.title * named.title
            + self.text * named.text
        )
        return found


def fit_evidence(unseen_margins: Array, named: NamedIn, truth: npt.NDArray[np.bool_]) -> Evidence:
    """Return the evidence learned from margins of stories that did not teach them."""
    counts = truth.sum(axis=0).astype(np.float32)
    others = counts - truth
    near = (unseen_margins > _SURELY_NOT) | (named.title > 0) | (named.text > 0) | truth
    if truth[near].all():
        near = np.ones_like(near)
    rows = _terms(unseen_margins[near], named.title[near], named.text[near], others[near])
    spread = rows.std(axis=0) + 1e-6
    model = LogisticRegression(max_iter=_ITERATIONS).fit(rows / spread, truth[near])
    found = (model.coef_[0] / spread).astype(np.float32)
    by_count = np.stack([np.ones_like(counts), np.log1p(counts), 1.0 / (1.0 + counts)])
    slope, title, text = (found[start : start + 3] @ by_count for start in (0, 3, 6))
    offset = float(model.intercept_[0]) + found[9:11] @ by_count[1:]
    return Evidence(slope, offset.astype(np.float32), title, text, (float(found[11]), float(found[12])))


def _terms(margins: Array, title: Array, text: Array, counts: Array) -> Array:
    """Return the terms of the regression, one row a pair; `counts` are the stories that taught the margin."""
    logs, parts = np.log1p(counts), 1.0 / (1.0 + counts)
    each = [term for base in (margins, title, text) for term in (base, base * logs, base * parts)]
    return np.stack([*each, logs, parts, title * margins, text * margins], axis=1)
