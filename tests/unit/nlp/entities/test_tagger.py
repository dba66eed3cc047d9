"""The linear tagger decodes as a conditional random field does; both taggers find the names of real sentences."""

import itertools
import random
import tracemalloc

import numpy as np
import pytest

from nlp.artefacts import pack_words
from nlp.entities.gazetteer import fold
from nlp.entities.tagging.contextual import ContextualTagger
from nlp.entities.tagging.features import document_uses, shape, title_case_tokens
from nlp.entities.tagging.labels import LABELS, NameTagger, allowed_transitions, candidates, labelled_spans
from nlp.entities.tagging.linear import EntityTagger
from nlp.text_analyser import TextAnalyser


@pytest.fixture(scope="module", params=[EntityTagger, ContextualTagger])
def tagger(request: pytest.FixtureRequest) -> NameTagger:
    return request.param.load()


def a_tagger(weights: dict[str, list[float]], transitions: np.ndarray) -> EntityTagger:
    return EntityTagger(
        "test",
        {
            "features": pack_words(list(weights)),
            "weights": np.array(list(weights.values()), dtype=np.float16),
            "transitions": transitions,
            "words": pack_words(["word"]),
            "clusters": np.zeros((1, 3), dtype=np.uint16),
            "capitals": np.zeros(1, dtype=np.uint8),
            "uses": np.zeros(1, dtype=np.uint8),
            "listed": pack_words(["word"]),
            "lists": np.zeros(1, dtype=np.uint8),
        },
    )


def best_labels_by_trying_all(emissions: list[list[float]], transitions: np.ndarray) -> tuple[int, ...]:
    """Return the best path by its score, computed for every path that is allowed."""
    allowed = allowed_transitions()

    def score(path: tuple[int, ...]) -> float:
        steps = list(itertools.pairwise((0, *path, 0)))
        if not all(allowed[step] for step in steps):
            return -np.inf
        moves = sum(float(transitions[step]) for step in steps)
        return moves + sum(emission[label] for emission, label in zip(emissions, path, strict=True))

    return max(itertools.product(range(len(LABELS)), repeat=len(emissions)), key=score)


@pytest.mark.parametrize("seed", range(6))
def test_decoding_finds_the_best_of_all_paths(seed: int) -> None:
    random = np.random.default_rng(seed)
    transitions = random.normal(size=(7, 7)).astype(np.float32)
    words = ["Aa", "Bb", "Cc", "Dd"]
    weights = {f"0\tw={word.lower()}": random.normal(size=7).tolist() for word in words}
    tagger = a_tagger(weights, transitions)
    emissions = np.array(list(weights.values()), dtype=np.float16).astype(float).tolist()

    (spans,) = tagger.tag([" ".join(words)], [[]])

    expected = labelled_spans(dict(enumerate(best_labels_by_trying_all(emissions, transitions))))
    assert [(span.start // 3, (span.end - 2) // 3, span.kind) for span in spans] == expected


def test_words_without_capitals_are_looked_at_only_inside_names() -> None:
    words = ["the", "shares", "of", "the", "Department", "of", "the", "Treasury", "fell", "again"]

    assert [words[index] for index in candidates(words)] == ["Department", "of", "the", "Treasury"]


def test_the_shape_of_a_word_keeps_short_runs() -> None:
    assert [shape(word) for word in ("McDonald", "IBM", "3D", "AT&T", "")] == ["XxXxx", "XX", "0X", "XX&X", ""]


def test_a_headline_is_told_from_the_sentence_after_it() -> None:
    words = ["Apple", "Shares", "Rise", "Again", ".", "The", "company", "said", "profit", "grew", "."]

    assert title_case_tokens(words) == [True] * 5 + [False] * 6


def test_a_document_tells_how_its_names_are_used() -> None:
    words = ["Voltic", "Ghana", "Ltd", "is", "led", "by", "Mr", "Redman", "in", "Accra", "."]

    uses = document_uses(words)

    assert "legal" in uses["voltic"]
    assert "person" in uses["redman"]
    assert "in" in uses["accra"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Shares of Zylotech Systems Inc. fell in Chicago.", {("Zylotech Systems Inc", "ORG"), ("Chicago", "LOC")}),
        ("The Kenya Association of Manufacturers met.", {("Kenya Association of Manufacturers", "ORG")}),
        ("\u201cWe grew,\u201d said Mr. Kowalczyk on Monday.", {("Kowalczyk", "PER")}),
        ("Microsoft 's rival said so .", {("Microsoft", "ORG")}),
        (
            "Jane Okafor joined Brightwater Capital from Lloyds.",
            {("Jane Okafor", "PER"), ("Brightwater Capital", "ORG"), ("Lloyds", "ORG")},
        ),
    ],
)
def test_names_are_found_with_their_borders(
    tagger: NameTagger, analyser: TextAnalyser, text: str, expected: set[tuple[str, str]]
) -> None:
    (spans,) = tagger.tag([text], [analyser.gazetteer.find(fold(text))])

    assert {(text[span.start : span.end].rstrip(" ."), span.kind) for span in spans} == expected


@pytest.mark.parametrize("text", ["", " ", "no capitals here at all", "12.5 % !!"])
def test_a_text_without_names_has_none(tagger: NameTagger, text: str) -> None:
    assert tagger.tag([text], [[]]) == [[]]


def test_memory_does_not_grow_with_the_pairs_of_words_that_were_met() -> None:
    tagger = EntityTagger.load()
    chance = random.Random(3)
    vocabulary = ["".join(chance.choices("abdegiklmnoprstuv", k=6)).capitalize() for _ in range(2_000)]

    def tag_new_pairs(n_texts: int) -> int:
        for _ in range(n_texts):
            tagger.tag([" ".join(chance.choices(vocabulary, k=30))], [[]])
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        full = tag_new_pairs(2_500)
        later = tag_new_pairs(5_000)
    finally:
        tracemalloc.stop()

    # What is kept begins anew when it is full: three times the texts take no three times the memory.
    assert later < 1.5 * full
