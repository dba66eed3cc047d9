"""The labels of names in text: where a name begins and continues, and its kind (BIO)."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from nlp.entities.gazetteer import AliasMatch
from nlp.entities.tagging.tokens import TokenSequence

NameKind = Literal["ORG", "PER", "LOC"]
LABELS = ("O", "B-ORG", "I-ORG", "B-PER", "I-PER", "B-LOC", "I-LOC")
TAGGED_CHARACTERS = 20_000
"""Names are looked for in so much of a text."""
_KINDS: tuple[NameKind, ...] = ("ORG", "PER", "LOC")
# How far from a capital, on both sides, a word without one may stand inside a name: "Department of the Treasury".
_REACH = 3
_OPENERS = frozenset(".!,&-'\u2019")


class NamedSpan(NamedTuple):
    """A name in a text: `end` is exclusive."""

    start: int
    end: int
    kind: NameKind


class NameTagger(Protocol):
    """Finds where names stand and of which kind each is; safe to use from several threads."""

    @property
    def versions(self) -> dict[str, str]:
        """The version of the weights, as `entities`, and of those of another tagger that it leans on."""
        ...

    @property
    def reads_headlines(self) -> bool:
        """Whether it knows a name from another word where every word has a capital."""
        ...

    def tag(self, texts: Sequence[str], matches: Sequence[Sequence[AliasMatch]]) -> list[list[NamedSpan]]:
        """Return the names in the first 20,000 characters of each text, in order.

        Parameters
        ----------
        matches : what the gazetteer finds in each text, see `Gazetteer.find`
        """
        ...


def candidates(words: Sequence[str]) -> list[int]:
    """Return the tokens that may belong to a name: those with a capital or figure, and those between them."""
    sure = [not word.islower() and (word[0].isalnum()) for word in words]
    size = len(words)
    found = []
    for index, is_sure in enumerate(sure):
        if (
            is_sure
            or (any(sure[max(0, index - _REACH) : index]) and any(sure[index + 1 : index + 1 + _REACH]))
            or (words[index] in _OPENERS and index > 0 and sure[index - 1])
            or (words[index] == "." and index + 1 < size and sure[index + 1])
        ):
            found.append(index)
    return found


def allowed_transitions() -> npt.NDArray[np.bool_]:
    """Return which label may follow which: a name is gone on with only after its own beginning."""
    allowed = np.ones((len(LABELS), len(LABELS)), dtype=np.bool_)
    for label, name in enumerate(LABELS):
        if name[0] == "I":
            allowed[:, label] = [before[2:] == name[2:] for before in LABELS]
    return allowed


def labelled_spans(labels: Mapping[int, int]) -> list[tuple[int, int, NameKind]]:
    """Return the names in token -> label as (first token, last token, kind)."""
    found: list[tuple[int, int, NameKind]] = []
    for index in sorted(labels):
        label = labels[index]
        if not label:
            continue
        kind = _KINDS[(label - 1) // 2]
        if label % 2 == 0 and found and found[-1][1] == index - 1 and found[-1][2] == kind:
            found[-1] = (found[-1][0], index, kind)
        else:
            found.append((index, index, kind))
    return found


def named_spans(tokens: TokenSequence, labels: Mapping[int, int]) -> list[NamedSpan]:
    """Return the names in token -> label at their places in the text; each begins with a word or a figure.

    Notes
    -----
    A comma or a quotation mark that the tagger takes for a beginning is no part of the name; marks alone are no name.
    """
    found = []
    for first, last, kind in labelled_spans(labels):
        begin = next((token for token in range(first, last + 1) if _is_word(tokens.words[token])), None)
        if begin is not None:
            found.append(NamedSpan(tokens.starts[begin], tokens.ends[last], kind))
    return found


def _is_word(token: str) -> bool:
    return any(map(str.isalnum, token))
