"""The score is told again without each stretch of evidence, over the interface that every tier has."""

import pytest

from nlp.sentiment.counterfactuals import without
from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput

MIXED = "Apple tops estimates but warns of falling sales"


@pytest.mark.parametrize(
    ("title", "part", "rest"),
    [
        ("Apple tops estimates today", "tops estimates", "Apple today"),
        ("Apple tops estimates", "Apple", "tops estimates"),
        ("Apple tops", "tops", "Apple "),
        ("Apple", "Apple", ""),
    ],
)
def test_a_stretch_is_taken_out_with_its_space(title: str, part: str, rest: str) -> None:
    start = title.index(part)

    assert without(title, start, start + len(part)) == rest


def test_each_counterfactual_is_the_score_of_the_text_without_the_stretch(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput(MIXED)], counterfactual=True)

    assert [one.evidence for one in analysis.counterfactuals] == list(range(len(analysis.evidence)))
    for one, span in zip(analysis.counterfactuals, analysis.evidence, strict=True):
        (alone,) = analyser.analyse([TextInput(without(MIXED, span.start, span.end))])
        assert one.score == alone.sentiment.score
        assert one.change == pytest.approx(one.score - analysis.sentiment.score, abs=1e-6)


def test_without_what_pulls_down_the_score_is_higher(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput(MIXED)], counterfactual=True)
    (worst,) = [index for index, span in enumerate(analysis.evidence) if "warns" in span.text]

    assert analysis.counterfactuals[worst].change > 0.5


def test_the_sentences_below_keep_their_part(analyser: TextAnalyser) -> None:
    body = "The company said that margins fell. Costs rose."
    (analysis,) = analyser.analyse([TextInput(MIXED, body=body)], counterfactual=True)

    for one, span in zip(analysis.counterfactuals, analysis.evidence, strict=True):
        (alone,) = analyser.analyse([TextInput(without(MIXED, span.start, span.end), body=body)])
        assert one.score == pytest.approx(alone.sentiment.score, abs=2e-6)


def test_toward_a_name_the_score_toward_it_is_told(analyser: TextAnalyser) -> None:
    title = "Nokia profit rises while Ericsson warns of losses"
    (analysis,) = analyser.analyse([TextInput(title, entity="Ericsson")], counterfactual=True)

    for one, span in zip(analysis.counterfactuals, analysis.evidence, strict=True):
        (alone,) = analyser.analyse([TextInput(without(title, span.start, span.end), entity="Ericsson")])
        assert one.score == alone.sentiment.score


def test_texts_keep_their_own_counterfactuals(analyser: TextAnalyser) -> None:
    texts = [TextInput(MIXED), TextInput("Die Aktien von Siemens steigen nach den Zahlen"), TextInput("Tesla rises")]

    together = analyser.analyse(texts, counterfactual=True)

    assert together == [analyser.analyse([text], counterfactual=True)[0] for text in texts]
    assert together[1].counterfactuals == []


def test_they_are_told_only_when_asked_for(analyser: TextAnalyser) -> None:
    (analysis,) = analyser.analyse([TextInput(MIXED)])

    assert analysis.counterfactuals == []


def test_hedged_evidence_is_marked(analyser: TextAnalyser) -> None:
    plain, hedged = analyser.analyse([TextInput("Ford cuts jobs"), TextInput("Ford may cut jobs")])

    assert not any(span.hedged for span in plain.evidence)
    assert any(span.hedged for span in hedged.evidence)
