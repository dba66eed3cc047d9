"""The contextual tagger reads all texts in one go, and finds the names of real sentences."""

import numpy as np
import pytest

from nlp.entities.recognition import EntityRecogniser
from nlp.entities.tagging.contextual import ContextualTagger, FloatArray
from nlp.entities.tagging.labels import LABELS, NamedSpan
from nlp.entities.tagging.word_sequences import SequenceBatch, SequenceEncoder
from nlp.text_analyser import TextAnalyser

TITLE_CASE = 2


@pytest.fixture(scope="module")
def shipped() -> ContextualTagger:
    return ContextualTagger.load()


def capitals_are_firms(batch: SequenceBatch) -> FloatArray:
    """Return scores by which a word with a capital begins a firm, and what follows it goes on with it."""
    scores = np.zeros((*batch.pieces.shape, len(LABELS)), dtype=np.float32)
    is_title = batch.forms == TITLE_CASE
    scores[..., 0] = np.where(is_title, -5.0, 5.0)
    scores[..., LABELS.index("I-ORG")] = np.where(is_title, 1.0, -5.0)
    return scores


def named(text: str, spans: list[NamedSpan]) -> set[tuple[str, str]]:
    return {(text[span.start : span.end].rstrip(" ."), span.kind) for span in spans}


def test_scores_of_pieces_come_back_to_their_words_whatever_the_lengths() -> None:
    tagger = ContextualTagger("test", SequenceEncoder.load(), capitals_are_firms)
    texts = [f"{'so it is ' * count}that Zorvex Quilara fell" for count in (0, 90, 1, 40, 0, 7)] + ["nothing here"]

    found = tagger.tag(texts, [[] for _ in texts])

    assert [named(text, spans) for text, spans in zip(texts, found, strict=True)] == [
        *[{("Zorvex Quilara", "ORG")}] * 6,
        set(),
    ]


@pytest.mark.parametrize("text", ["\u200b\u202e\x00", "A" * 5_000])
def test_what_is_no_word_is_no_name(shipped: ContextualTagger, text: str) -> None:
    assert shipped.tag([text], [[]]) == [[]]


def test_neighbours_in_a_batch_change_nothing(shipped: ContextualTagger) -> None:
    texts = ["Acme Holdings buys Zorvex", "Mr Petrov met Brightwater Capital in Oslo on Monday, Acme said. " * 9]

    together = shipped.tag(texts, [[], []])

    assert together == [shipped.tag([text], [[]])[0] for text in texts]


@pytest.fixture(scope="module")
def recogniser(shipped: ContextualTagger, analyser: TextAnalyser) -> EntityRecogniser:
    return EntityRecogniser(analyser.linker, shipped)


def tickers(recogniser: EntityRecogniser, title: str) -> set[str]:
    return {one.entity.ticker for one in recogniser.recognise([("title", title)]) if one.entity.ticker is not None}


@pytest.mark.parametrize(
    ("title", "ticker"),
    [
        ("Apple supplier Hon Lin posts record revenue", "AAPL"),
        ("Hedge fund trims Apple, adds to oil", "AAPL"),
        ("Regulators look into what Amazon pays couriers", "AMZN"),
    ],
)
def test_an_everyday_word_that_is_an_organisation_here_is_the_company(
    recogniser: EntityRecogniser, title: str, ticker: str
) -> None:
    assert ticker in tickers(recogniser, title)


@pytest.mark.parametrize(
    "title",
    [
        "Senior ministers argue over the budget",
        "Power cuts hit the east of the country",
        "Click here to get the free report",
        "An apple a day keeps the doctor away",
        "Analyst raises target to $51 on Wednesday",
        "Mr Abbott said the government would not yield",
    ],
)
def test_an_everyday_word_or_a_surname_is_no_company(recogniser: EntityRecogniser, title: str) -> None:
    assert tickers(recogniser, title) == set()


def test_two_places_of_one_company_are_one_entity(recogniser: EntityRecogniser) -> None:
    found = recogniser.recognise(
        [("title", "Apple supplier falls"), ("body", "Apple Inc. cut its orders. Apple said so.")]
    )

    (apple,) = [one for one in found if one.entity.ticker == "AAPL"]
    assert [mention.field for mention in apple.mentions] == ["title", "body", "body"]
