"""The direct path equals scikit-learn, and the shipped model understands plain cases."""

import numpy as np
import pytest
from scipy import sparse

from nlp.sentiment.features import document_families
from nlp.sentiment.linear_text import LinearText, Probabilities
from nlp.sentiment.tier import label_of
from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput
from nlp.texts.tokens import forms
from nlp.training.sentiment import document_blocks, fit_head, weighted_matrix

TEXTS = [
    "profit rises strongly this year",
    "profit falls this year",
    "sales rise and profit beats the forecast",
    "sales fall short of the forecast",
    "the company has offices in two towns",
    "the meeting is on monday this year",
] * 4
TARGETS = np.array([[0, 0, 1], [1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 1, 0]] * 4, dtype=np.float64)


def test_the_direct_path_gives_what_scikit_learn_gives() -> None:
    blocks = [document_blocks(text) for text in TEXTS]
    head, model = fit_head(blocks, TARGETS, np.ones(len(TEXTS)))
    arrays = head.arrays("document")
    for name in ("words", "letters"):
        arrays[f"document_{name}_weights"] = head.weights[("words", "letters").index(name)]
    direct = LinearText.from_arrays(arrays | {"document_intercept": head.intercept}, "document")
    unseen = ["profit beats the forecast this year", "the company falls short", "", "nothing known zzz"]
    vocabularies = list(zip(head.features, head.frequencies, strict=True))
    matrix = sparse.csr_matrix(weighted_matrix([document_blocks(text) for text in unseen], vocabularies))

    found = []
    for text in unseen:
        score = direct.score(forms(text), document_families(forms(text)))
        found.append(direct.probabilities(score))

    assert np.abs(np.array(found) - model.predict_proba(matrix)).max() < 1e-6


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("Operating profit rose to EUR 12 mn from EUR 9 mn a year earlier", "positive"),
        ("Net sales decreased by 8 % and the company made a loss", "negative"),
        ("The company is based in Helsinki", "neutral"),
        ("Tesla shares plunge after deliveries miss estimates", "negative"),
        ("Apple tops estimates and raises its outlook", "positive"),
    ],
)
def test_plain_cases_are_labelled_as_a_reader_would(analyser: TextAnalyser, title: str, label: str) -> None:
    (analysis,) = analyser.analyse([TextInput(title)])

    assert analysis.sentiment.label == label


def test_two_companies_in_a_headline_are_scored_each_for_itself(analyser: TextAnalyser) -> None:
    title = "Nokia profit rises while Ericsson warns of losses"
    (analysis,) = analyser.analyse([TextInput(title)])
    scores = {entity.ticker: entity.sentiment.score for entity in analysis.entities}

    assert scores["NOK"] > scores["ERIC"]


def test_probabilities_sum_to_one(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput("Profit rises")])
    found = analysis.sentiment

    assert found.positive + found.neutral + found.negative == pytest.approx(1.0)
    assert found.score == pytest.approx(found.positive - found.negative, abs=2e-6)


def test_a_tie_is_neutral() -> None:
    assert label_of(Probabilities(0.4, 0.4, 0.2)) == "neutral"


def test_evidence_points_at_the_words_that_count(analyser: TextAnalyser) -> None:
    title = "Profit plunges at the paper maker"
    (analysis,) = analyser.analyse([TextInput(title)])
    strongest = min(analysis.evidence, key=lambda span: span.weight)

    assert "plunges" in strongest.text
    assert all(title[span.start : span.end] == span.text for span in analysis.evidence)


def test_evidence_under_a_negation_is_marked(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput("The company did not report strong growth")])

    assert {span.negated for span in analysis.evidence if "growth" in span.text} == {True}
