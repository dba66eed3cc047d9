"""`mia train entities`: the linear name tagger, a CRF trained on labels and on the contextual tagger's output."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pycrfsuite

from nlp.artefacts import Arrays, checked_path, pack_words
from nlp.entities.gazetteer import Gazetteer, fold
from nlp.entities.tagging.contextual import ContextualTagger
from nlp.entities.tagging.features import WordFacts, document_uses, frame_features, sentence_frames
from nlp.entities.tagging.labels import LABELS, NamedSpan, NameTagger, allowed_transitions
from nlp.entities.tagging.linear import LONGEST_HEADLINE, EntityTagger, unpack_facts
from nlp.entities.tagging.listed_words import gazetteer_marks
from nlp.entities.tagging.tokens import TokenSequence, name_tokens
from nlp.texts.sentences import split_sentences
from nlp.training.entities.evaluation import tagger_scores
from nlp.training.entities.name_lists import learn_name_lists
from nlp.training.entities.named_text import NamedText, Sentence, joined, read_documents
from nlp.training.entities.word_facts import learn_word_facts
from nlp.training.unlabelled import texts_with_names

Say = Callable[[str], None]

# L1 drops what is next to nothing; a feature met once says nothing.
_L1, _L2 = 0.01, 1.0
_LEAST_COUNT = 2
_MAX_ITERATIONS = 60
# Taken from the weight of "outside": in cross-validation precision and recall then meet at no loss of F1.
_OUTSIDE_HANDICAP = 0.4
_ANY = "0\tany"
_LABELLED_REPEATS = 3
# All of the texts would take twice the time.
_EVERY = 2

Example = tuple[list[list[str]], list[str]]
"""The features and the label of each token of a sentence."""


def train_entities(data: Path, target: Path, say: Say) -> dict[str, float]:
    """Write the tagger to `target` and return the scores of one trained alike without the validation part's labels.

    Notes
    -----
    It learns from FiNER-ORD and from what the shipped contextual tagger finds in texts without labels. That teacher has
    seen the labels of the validation part, which flatters the scores a little. About a quarter of an hour.
    """
    known = learn_word_facts(data) | learn_name_lists(data)
    facts, gazetteer = unpack_facts(known), Gazetteer.load(checked_path("gazetteer"))
    training, validation = (read_documents(data / "entities" / f"finer_ord_{part}.csv") for part in ("train", "val"))
    texts = texts_with_names(data)[::_EVERY]
    say(f"the contextual tagger reads {len(texts):,} texts without labels")
    taught = [
        features
        for named in teacher_labelled_texts(texts, ContextualTagger.load(), gazetteer)
        for features in _examples_of(named, facts, gazetteer)
    ]

    def learned(documents: list[list[Sentence]]) -> Arrays:
        say(f"fitting the linear tagger on {len(documents):,} documents and {len(taught):,} texts")
        return known | fit([*list(examples(documents, facts, gazetteer)) * _LABELLED_REPEATS, *taught])

    measured = EntityTagger("measured", learned(training))
    np.savez_compressed(target, allow_pickle=False, **learned([*training, *validation]))
    return tagger_scores(measured, gazetteer, validation)


def fit(found: Iterable[Example]) -> Arrays:
    """Return the arrays `features`, `weights` and `transitions` learned from examples."""
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    trainer.set_params(
        {
            "c1": _L1,
            "c2": _L2,
            "max_iterations": _MAX_ITERATIONS,
            "feature.minfreq": _LEAST_COUNT,
            "feature.possible_transitions": True,
        }
    )
    for features, labels in found:
        trainer.append(features, labels)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model.crfsuite")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        learned = tagger.info()
        tagger.close()
    return _as_arrays(learned.state_features, learned.transitions)


def _as_arrays(states: dict[tuple[str, str], float], moves: dict[tuple[str, str], float]) -> Arrays:
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
    """Yield each labelled document as a whole, and each of its sentences alone as a headline stands."""
    for document in documents:
        for named in (joined(document, is_tight=True), *(joined([sentence], is_tight=True) for sentence in document)):
            yield from _examples_of(named, facts, gazetteer)


def teacher_labelled_texts(texts: Sequence[str], teacher: NameTagger, gazetteer: Gazetteer) -> Iterator[NamedText]:
    """Yield texts with the names that `teacher` finds in them: one as a whole, the next by its sentences, and so on."""
    found = teacher.tag(texts, [gazetteer.find(fold(text)) for text in texts])
    for index, (text, names) in enumerate(zip(texts, found, strict=True)):
        if index % 2:
            yield NamedText(text, (), (), tuple(names))
            continue
        for start, end in split_sentences(text):
            inside = [name for name in names if start <= name.start and name.end <= end]
            moved = [NamedSpan(name.start - start, name.end - start, name.kind) for name in inside]
            yield NamedText(text[start:end], (), (), tuple(moved))


def _examples_of(named: NamedText, facts: WordFacts, gazetteer: Gazetteer) -> Iterator[Example]:
    tokens = name_tokens(named.text)
    if not tokens.words:
        return
    marks = gazetteer_marks(tokens, gazetteer.find(fold(named.text)))
    uses = document_uses(tokens.words) if len(tokens.words) > LONGEST_HEADLINE else {}
    frames = sentence_frames(tokens.words, range(len(tokens.words)), marks, uses)
    yield [frame_features(tokens.words, frame, facts) for frame in frames], token_labels(named, tokens)


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
