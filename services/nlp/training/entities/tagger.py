"""`mia train entities`: the name tagger, a conditional random field over the features of `nlp.entities.features`."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pycrfsuite

from nlp.artefacts import checked_path, pack_words
from nlp.entities.features import WordFacts, document_uses, frame_features, sentence_frames
from nlp.entities.gazetteer import Gazetteer, fold
from nlp.entities.tagger import (
    LABELS,
    LONGEST_HEADLINE,
    EntityTagger,
    allowed_transitions,
    gazetteer_marks,
    unpack_facts,
)
from nlp.entities.tokens import TokenSequence, name_tokens
from nlp.training.entities.evaluation import tagger_scores
from nlp.training.entities.name_lists import learn_name_lists
from nlp.training.entities.named_text import NamedText, Sentence, joined, read_documents
from nlp.training.entities.word_facts import learn_word_facts

# Chosen in cross-validation on the training part; L1 drops what is next to nothing.
_L1, _L2 = 0.002, 1.0
_MAX_ITERATIONS = 120
# Taken from the weight of "outside": in cross-validation precision and recall then meet at no loss of F1.
_OUTSIDE_HANDICAP = 0.4
_ANY = "0\tany"

Example = tuple[list[list[str]], list[str]]
"""The features and the label of each token of a sentence."""


def train_entities(data: Path, target: Path) -> dict[str, float]:
    """Write the tagger to `target` and return the scores of one trained alike that never saw the validation part.

    Notes
    -----
    The tagger that is written learns from FiNER-ORD's training and validation part together.
    """
    known = learn_word_facts(data) | learn_name_lists(data)
    facts, gazetteer = unpack_facts(known), Gazetteer.load(checked_path("gazetteer"))
    training, validation = (read_documents(data / "entities" / f"finer_ord_{part}.csv") for part in ("train", "val"))
    measured = EntityTagger("measured", known | fit(training, facts, gazetteer))
    np.savez_compressed(target, allow_pickle=False, **known, **fit([*training, *validation], facts, gazetteer))
    return tagger_scores(measured, gazetteer, validation)


def fit(documents: list[list[Sentence]], facts: WordFacts, gazetteer: Gazetteer) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays `features`, `weights` and `transitions` learned from labelled documents."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params({"c1": _L1, "c2": _L2, "max_iterations": _MAX_ITERATIONS, "feature.possible_transitions": True})
    for features, labels in examples(documents, facts, gazetteer):
        trainer.append(features, labels)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.crfsuite")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        learned = tagger.info()
        tagger.close()
    return _as_arrays(learned.state_features, learned.transitions)


def _as_arrays(
    states: dict[tuple[str, str], float], moves: dict[tuple[str, str], float]
) -> dict[str, npt.NDArray[Any]]:
    names = sorted({_ANY, *(name for name, _ in states)})
    row_of = {name: row for row, name in enumerate(names)}
    column_of = {label: column for column, label in enumerate(LABELS)}
    weights = np.zeros((len(names), len(LABELS)), dtype=np.float16)
    for (name, label), weight in states.items():
        weights[row_of[name], column_of[label]] = weight
    weights[row_of[_ANY], 0] -= _OUTSIDE_HANDICAP
    transitions = np.zeros((len(LABELS), len(LABELS)), dtype=np.float32)
    for (before, label), weight in moves.items():
        transitions[column_of[before], column_of[label]] = weight
    return {"features": pack_words(names), "weights": weights, "transitions": transitions * allowed_transitions()}


def examples(documents: Iterable[list[Sentence]], facts: WordFacts, gazetteer: Gazetteer) -> Iterator[Example]:
    """Yield each document as a whole, and each of its sentences alone as a headline stands."""
    for document in documents:
        for named in (joined(document, is_tight=True), *(joined([sentence], is_tight=True) for sentence in document)):
            tokens = name_tokens(named.text)
            marks = gazetteer_marks(tokens, gazetteer.find(fold(named.text)))
            uses = document_uses(tokens.words) if len(tokens.words) > LONGEST_HEADLINE else {}
            frames = sentence_frames(tokens.words, range(len(tokens.words)), marks, uses)
            features = [frame_features(tokens.words, frame, facts) for frame in frames]
            yield features, token_labels(named, tokens)


def token_labels(named: NamedText, tokens: TokenSequence) -> list[str]:
    """Return the BIO label of each of our tokens, from the names of the text."""
    labels = ["O"] * len(tokens.words)
    for name in named.names:
        is_first = True
        for index, (start, end) in enumerate(zip(tokens.starts, tokens.ends, strict=True)):
            if start < name.end and end > name.start:
                labels[index] = f"{'B' if is_first else 'I'}-{name.kind}"
                is_first = False
    return labels
