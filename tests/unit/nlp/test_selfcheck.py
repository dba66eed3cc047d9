"""The golden corpus is answered as frozen, and a difference is reported."""

from nlp.selfcheck import compare, golden_inputs, golden_texts
from nlp.text_analyser import TextAnalyser


def test_the_shipped_models_answer_as_frozen(analyser: TextAnalyser) -> None:
    report = compare(analyser.analyse(golden_inputs()), analyser.model_versions)

    assert report.differences == ()
    # 24 of 31: the linear tier is too cautious on "sued", "Chapter 11" and "wins contract". Guards against a fall.
    assert report.label_accuracy >= 0.75
    assert report.ticker_recall >= 0.95


def test_a_model_that_was_never_frozen_is_reported(analyser: TextAnalyser) -> None:
    report = compare(analyser.analyse(golden_inputs()), analyser.model_versions | {"sentiment": "mine-1"})

    assert [(one.id, one.field) for one in report.differences] == [("models", "sentiment")]


def test_another_model_and_another_answer_are_reported(analyser: TextAnalyser) -> None:
    analyses = analyser.analyse(golden_inputs())
    analyses[0].sentiment.score -= 0.5

    report = compare(analyses, analyser.model_versions | {"sentiment": "sentiment-fast-other"})

    assert {(one.id, one.field) for one in report.differences} == {
        ("models", "sentiment"),
        (golden_texts()[0].id, "score"),
    }
