"""The contextual name tagger: a small encoder on 8-bit integers that reads whole sentences, for the deep tier."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nlp.artefacts import checked_path, load_manifest
from nlp.entities.gazetteer import AliasMatch
from nlp.entities.tagging.decoding import LabelDecoder
from nlp.entities.tagging.labels import LABELS, TAGGED_CHARACTERS, NamedSpan, candidates, named_spans
from nlp.entities.tagging.tokens import TokenSequence, name_tokens
from nlp.entities.tagging.word_sequences import SequenceBatch, SequenceEncoder, WordSequence, windows
from nlp.onnx_session import open_session

CONTEXTUAL_ARTEFACT = "entities-deep"
# Of 4 to 64 what a core reads fastest: more texts at once leave its cache.
_BATCH_SIZE = 8
# 7 answers the same, at a tenth of a millisecond more.
_BEAM = 4.0
# Far outside of what the encoder answers: a token without pieces is no name.
_NO_NAME = -30.0
FloatArray = npt.NDArray[np.float32]


class ReadText(NamedTuple):
    """A text as the encoder reads it."""

    windows: Sequence[WordSequence]
    n_tokens: int


Scorer = Callable[[SequenceBatch], FloatArray]
"""Returns the scores of the labels for each piece: of shape (n_sequences, n_pieces, 7)."""


def token_scores(score: Scorer, encoder: SequenceEncoder, texts: Sequence[ReadText]) -> list[FloatArray]:
    """Return for each text the scores of its tokens' labels, of shape (n_tokens, 7): the mean over their pieces."""
    if not texts:
        return []
    begins = np.cumsum([0, *(text.n_tokens for text in texts)])
    sums = np.zeros((int(begins[-1]), len(LABELS)), dtype=np.float32)
    counts = np.zeros(len(sums), dtype=np.float32)
    sequences = [(int(begin), window) for begin, text in zip(begins, texts, strict=False) for window in text.windows]
    sequences.sort(key=lambda one: len(one[1].pieces))
    for start in range(0, len(sequences), _BATCH_SIZE):
        chosen = sequences[start : start + _BATCH_SIZE]
        scores = score(encoder.batch([window for _, window in chosen]))
        for (begin, window), row in zip(chosen, scores, strict=True):
            places = begin + np.array(window.tokens, dtype=np.int64)
            np.add.at(sums, places, row[1 : 1 + len(places)])
            np.add.at(counts, places, 1.0)
    sums /= np.maximum(counts, 1.0)[:, None]
    sums[counts == 0.0, 1:] = _NO_NAME
    return np.split(sums, begins[1:-1])


class ContextualTagger:
    """Finds the names of organisations, people and places in English text; safe to use from several threads."""

    reads_headlines = True

    def __init__(self, version: str, encoder: SequenceEncoder, score: Scorer) -> None:
        self.versions = {"entities": version}
        self._encoder = encoder
        self._score = score
        self._decoder = LabelDecoder(np.zeros((len(LABELS), len(LABELS)), dtype=np.float32), _BEAM)

    @classmethod
    def load(cls) -> "ContextualTagger":
        """Return the shipped tagger, checked by hash."""
        version = load_manifest()[CONTEXTUAL_ARTEFACT].version
        return cls(version, SequenceEncoder.load(), session_scorer(checked_path(CONTEXTUAL_ARTEFACT)))

    def tag(self, texts: Sequence[str], matches: Sequence[Sequence[AliasMatch]]) -> list[list[NamedSpan]]:
        """Return the names in the first 20,000 characters of each text, in order; all texts are read in one go."""
        found: list[list[NamedSpan]] = [[] for _ in texts]
        read: list[ReadText] = []
        places: list[tuple[int, TokenSequence]] = []
        for index, (text, listed) in enumerate(zip(texts, matches, strict=True)):
            cut = text[:TAGGED_CHARACTERS]
            tokens = name_tokens(cut)
            if candidates(tokens.words):
                read.append(ReadText(windows(self._encoder.sentences(cut, tokens, listed)), len(tokens.words)))
                places.append((index, tokens))
        for (index, tokens), scores in zip(places, token_scores(self._score, self._encoder, read), strict=True):
            labels = self._decoder.decode(range(len(tokens.words)), scores)
            found[index] = named_spans(tokens, labels)
        return found


def session_scorer(path: Path) -> Scorer:
    """Return the model at `path` as a scorer."""
    session = open_session(path)

    def score(batch: SequenceBatch) -> FloatArray:
        found: FloatArray = session.run(None, batch._asdict())[0]
        return found

    return score
