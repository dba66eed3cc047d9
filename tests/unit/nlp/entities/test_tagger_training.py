"""Training of the name tagger and its scores, on texts as small as a test."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from nlp.artefacts import pack_words
from nlp.entities.gazetteer import Gazetteer
from nlp.entities.tagging.features import LISTS, document_uses, frame_features, sentence_frames
from nlp.entities.tagging.labels import LABELS, NamedSpan, candidates
from nlp.entities.tagging.linear import EntityTagger, unpack_facts
from nlp.entities.tagging.tokens import name_tokens
from nlp.text_analyser import TextAnalyser
from nlp.training.entities.evaluation import F1Count, company_patterns, entity_span_scores, ticker_scores
from nlp.training.entities.name_lists import learn_name_lists
from nlp.training.entities.named_text import joined, read_documents, token_spans
from nlp.training.entities.tagger import examples, fit, teacher_labelled_texts, token_labels
from nlp.training.entities.word_facts import _usual_uses, _vectors

SENTENCES = [
    [("Shares", "O"), ("of", "O"), (name, "B-ORG"), ("Inc", "I-ORG"), ("fell", "O"), (".", "O")]
    for name in ("Zorvex", "Quilara", "Mendrix", "Tolvane")
] + [
    [("Mr", "O"), (name, "B-PER"), ("said", "O"), ('"', "O"), ("no", "O"), ('"', "O"), (".", "O")]
    for name in ("Harlow", "Petrov", "Okafor", "Lindqvist")
]


def facts_of_nothing() -> dict:
    return {
        "words": pack_words(["said"]),
        "clusters": np.zeros((1, 3), dtype=np.uint16),
        "capitals": np.zeros(1, dtype=np.uint8),
        "uses": np.zeros(1, dtype=np.uint8),
        "listed": pack_words(["said"]),
        "lists": np.zeros(1, dtype=np.uint8),
    }


@pytest.fixture(scope="module")
def trained() -> EntityTagger:
    arrays = facts_of_nothing()
    arrays |= fit(examples([[sentence] for sentence in SENTENCES], unpack_facts(arrays), Gazetteer([], {}, {})))
    return EntityTagger("test", arrays)


def test_names_never_seen_are_found_by_what_stands_around_them(trained: EntityTagger) -> None:
    text = "Shares of Ubrexa Inc fell. Mr Castellan said so."

    (found,) = trained.tag([text], [[]])

    assert [(text[span.start : span.end], span.kind) for span in found] == [
        ("Ubrexa Inc", "ORG"),
        ("Castellan", "PER"),
    ]


class FindsZorvex:
    """Finds one name, wherever it stands."""

    versions: ClassVar[dict[str, str]] = {"entities": "test"}
    reads_headlines = True

    def tag(self, texts: Sequence[str], matches: Sequence[object]) -> list[list[NamedSpan]]:
        assert len(texts) == len(matches)
        return [[NamedSpan(one.start(), one.end(), "ORG") for one in re.finditer("Zorvex", text)] for text in texts]


def test_a_teachers_names_label_a_text_by_its_sentences_and_the_next_as_a_whole() -> None:
    text = "Profit fell. Then Zorvex rose, as Zorvex does."

    found = list(teacher_labelled_texts([text, text], FindsZorvex(), Gazetteer([], {}, {})))

    assert [named.text for named in found] == ["Profit fell.", "Then Zorvex rose, as Zorvex does.", text]
    assert [[named.text[name.start : name.end] for name in named.names] for named in found] == [
        [],
        ["Zorvex", "Zorvex"],
        ["Zorvex", "Zorvex"],
    ]
    assert token_labels(found[1], name_tokens(found[1].text))[:3] == ["O", "B-ORG", "O"]


def test_serving_adds_up_the_same_features_as_training(trained: EntityTagger) -> None:
    text = "Shares of Zorvex Inc fell as Mr Petrov said the Bank of Quilara grew. " * 4
    tokens = name_tokens(text)
    wanted = candidates(tokens.words)
    frames = list(sentence_frames(tokens.words, wanted, {}, document_uses(tokens.words)))

    served = trained._kept.emissions(tokens.words, frames)

    for frame, scores in zip(frames, served, strict=True):
        rows = [
            trained._feature_rows[name]
            for name in frame_features(tokens.words, frame, trained._facts)
            if name in trained._feature_rows
        ]
        assert scores == pytest.approx(trained._weights[rows].sum(axis=0), abs=1e-3)


def test_tokens_are_joined_as_people_write_and_keep_their_names() -> None:
    named = joined([SENTENCES[0], SENTENCES[4]], is_tight=True)

    assert named.text == 'Shares of Zorvex Inc fell. Mr Harlow said "no".'
    assert [(named.text[name.start : name.end], name.kind) for name in named.names] == [
        ("Zorvex Inc", "ORG"),
        ("Harlow", "PER"),
    ]
    assert [LABELS.index(label) for label in token_labels(named, name_tokens(named.text))][:4] == [0, 0, 1, 2]


def test_a_span_that_ends_inside_a_token_counts_to_its_end() -> None:
    named = joined([[("Wal-Mart", "B-ORG"), ("fell", "O")]], is_tight=False)

    assert list(token_spans(named, [NamedSpan(0, 3, "ORG")])) == [NamedSpan(0, 8, "ORG")]


def test_precision_and_recall_of_a_worked_example() -> None:
    named = joined([SENTENCES[0], SENTENCES[1]], is_tight=False)
    right, other = named.names
    count = F1Count()

    count.add(named, [right, NamedSpan(other.start, other.end - 4, "ORG"), NamedSpan(0, 6, "ORG")])

    scores = count.scores("x")
    assert scores["x.org.precision"] == pytest.approx(1 / 3)
    assert scores["x.org.recall"] == pytest.approx(1 / 2)
    assert scores["x.org.f1"] == pytest.approx(0.4)


def test_documents_are_read_with_tokens_that_look_like_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('doc,sentence,token,tag\n0,0,None,O\n0,0,""",",O\n0,1,Oak,B-ORG\n1,0,x,O\n')

    assert read_documents(path) == [[[("None", "O"), ('",', "O")], [("Oak", "B-ORG")]], [[("x", "O")]]]


def test_words_used_alike_come_close() -> None:
    forms = [[subject, "said", "profit", verb] for subject in ("oak", "elm") for verb in ("rose", "fell")] * 5

    vectors = _vectors(forms, ["oak", "elm", "said", "profit", "rose", "fell"])

    assert vectors[0] @ vectors[1] > 0.95 > vectors[0] @ vectors[4]


def test_the_usual_use_of_a_word_is_told() -> None:
    texts = [["the", "Oak", "Corp", "grew"], ["he", "met", "Oak", "Corp"], ["an", "elm", "fell"]] * 2

    masks = _usual_uses(texts, ["oak", "elm"])

    assert [int(mask) for mask in masks] == [0b11, 0]


def test_company_words_and_given_names_are_listed(tmp_path: Path) -> None:
    (tmp_path / "entities").mkdir()
    (tmp_path / "entities" / "sec_company_tickers.csv").write_text(
        "cik,ticker,name,exchange\n1,ZAP,ZAPATA TECHNOLOGIES INC,NYSE\n2,OAKX,OAKX CORP,Nasdaq\n"
    )

    arrays = facts_of_nothing() | learn_name_lists(tmp_path)

    lists = unpack_facts(arrays).lists
    assert "first of company" in lists["zapata"]
    assert lists["oakx"] == ("company",)
    assert {"first name", "surname"} <= set(lists["james"])
    assert len(LISTS) == 4


def test_whole_analyses_reach_their_scores(analyser: TextAnalyser, shared_data: Path) -> None:
    scores = entity_span_scores(shared_data, analyser)

    for layout in ("sentence", "document", "document_apart"):
        assert scores[f"finer.{layout}.org.f1"] > 0.6
        assert scores[f"finer.{layout}.per.f1"] > 0.78
        assert scores[f"finer.{layout}.loc.f1"] > 0.78


def test_headlines_that_name_their_company_get_its_ticker(analyser: TextAnalyser, shared_data: Path) -> None:
    scores = ticker_scores(shared_data, analyser)

    assert scores["ticker.headlines"] > 2_000
    assert scores["ticker.recall"] > 0.97
    assert scores["ticker.top_precision"] > 0.94


def test_the_plain_rule_knows_capitals_and_word_borders(shared_data: Path) -> None:
    patterns = company_patterns(shared_data)

    assert patterns["A"].search("AGILENT TECHNOLOGIES raises guidance")
    assert patterns["AAN"].search("Shares of Aaron's fall")
    assert not patterns["ABB"].search("AbbVie rises")
