"""Drift figures: known answers, a window that forgets, and a reference that fits the shipped model."""

import itertools
import json
import math
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.drift import RecentScores, ScoreReference, disagreement, population_stability_index, score_references
from nlp.sentiment.linear_text import Probabilities
from nlp.text_analyser import TextAnalyser
from nlp.tiers import Tier, load_analyser
from nlp.training.score_reference import freeze_score_reference, measured_reference, reference_texts, scores_of

HALVES = ScoreReference((0.0,), (0.5, 0.5), 1_000)
DRAWN = random.Random(3)
TEXTS = itertools.count()


def a_distribution() -> st.SearchStrategy[Probabilities]:
    weights = st.tuples(*[st.floats(0.0, 1.0)] * 3).filter(lambda found: sum(found) > 1e-6)
    return weights.map(lambda found: Probabilities(*(each / sum(found) for each in found)))


def test_the_index_is_that_of_the_formula() -> None:
    # By hand: (0.75 - 0.5) ln(0.75 / 0.5) + (0.25 - 0.5) ln(0.25 / 0.5) = 0.25 ln 3.
    assert population_stability_index([0.5, 0.5], [750_000, 250_000]) == pytest.approx(0.25 * math.log(3), abs=1e-5)
    assert population_stability_index([0.5, 0.5], [100, 100]) == 0.0
    assert population_stability_index([0.5, 0.5], [0, 0]) == 0.0
    assert math.isfinite(population_stability_index([0.5, 0.5], [1_000, 0]))


def test_the_disagreement_is_that_of_the_formula() -> None:
    sure, unsure = Probabilities(0.0, 0.0, 1.0), Probabilities(0.5, 0.0, 0.5)

    assert disagreement(sure, Probabilities(1.0, 0.0, 0.0)) == pytest.approx(1.0)
    # By hand: m = (1/4, 0, 3/4); half log2(4/3), and a half of half log2(2) and half log2(2/3).
    assert disagreement(sure, unsure) == pytest.approx(0.5 * math.log2(4 / 3) + 0.25 * (1 + math.log2(2 / 3)))


def test_opinions_of_the_smallest_probability_there_is_can_be_compared() -> None:
    smallest = math.nextafter(0.0, 1.0)

    assert disagreement(Probabilities(smallest, 0.0, 1.0), Probabilities(0.0, 0.0, 1.0)) == pytest.approx(
        0.0, abs=1e-12
    )


@given(a_distribution(), a_distribution())
def test_the_disagreement_is_symmetric_bounded_and_nothing_with_oneself(
    one: Probabilities, other: Probabilities
) -> None:
    assert 0.0 <= disagreement(one, other) <= 1.0
    assert disagreement(one, other) == pytest.approx(disagreement(other, one), abs=1e-12)
    assert disagreement(one, one) == pytest.approx(0.0, abs=1e-12)


def test_the_window_forgets_the_oldest() -> None:
    recent = RecentScores(200, HALVES)
    for _ in range(200):
        recent.add(0.5, next(TEXTS))
    shifted = recent.stability_index()

    for number in range(200):
        recent.add(0.5 if number % 2 else -0.5, next(TEXTS))

    assert shifted > 0.25
    assert recent.stability_index() == pytest.approx(0.0, abs=1e-12)


def test_a_text_counts_once_while_it_is_remembered() -> None:
    recent, repeated = RecentScores(300, HALVES), RecentScores(300, HALVES)
    for number in range(300):
        recent.add(0.5 if number % 2 else -0.5, number)
    settled = recent.stability_index()

    for _ in range(1_000):
        recent.add(0.5, 299)
        repeated.add(0.5, "the same")

    assert recent.stability_index() == settled
    assert math.isnan(repeated.stability_index())
    assert repeated.abstain_ratio() == 0.0


def test_the_abstain_ratio_is_that_of_the_window() -> None:
    recent = RecentScores(200, HALVES)
    assert math.isnan(recent.abstain_ratio())
    for number in range(400):
        recent.add(None if number < 200 or number % 4 == 0 else 0.1, next(TEXTS))

    assert recent.abstain_ratio() == 0.25


def test_few_scores_or_no_reference_give_no_index() -> None:
    few, unknown = RecentScores(1_000, HALVES), RecentScores(1_000, None)
    for number in range(400):
        few.add(0.5 if number < 199 else None, next(TEXTS))
        unknown.add(0.5, next(TEXTS))

    assert math.isnan(few.stability_index())
    assert math.isnan(unknown.stability_index())
    assert unknown.abstain_ratio() == 0.0


def test_a_reference_recognises_its_own_scores_and_others() -> None:
    scores = [DRAWN.gauss(0.0, 0.3) for _ in range(5_000)]
    reference = measured_reference(scores)
    own, moved = RecentScores(1_000, reference), RecentScores(1_000, reference)

    for _ in range(1_000):
        own.add(DRAWN.gauss(0.0, 0.3), next(TEXTS))
        moved.add(DRAWN.gauss(0.2, 0.3), next(TEXTS))

    assert sum(reference.shares) == pytest.approx(1.0, abs=1e-5)
    assert own.stability_index() < 0.05
    assert moved.stability_index() > 0.25


def test_equal_scores_make_one_bin_and_too_few_are_refused() -> None:
    assert measured_reference([0.0] * 20).shares == (0.0, 1.0)
    with pytest.raises(ValueError, match="9 scores"):
        measured_reference([0.1] * 9)


@pytest.mark.parametrize("tier", ["fast", "deep"])
def test_the_shipped_reference_is_of_the_shipped_model(tier: Tier) -> None:
    reference = score_references()[load_analyser(tier).model_versions["sentiment"]]

    assert reference.n_texts >= 5_000
    assert len(reference.shares) == len(reference.edges) + 1 == 10


def test_freezing_replaces_the_former_version_of_the_tier(tmp_path: Path, analyser: TextAnalyser) -> None:
    file = tmp_path / "reference.json"
    file.write_text(json.dumps({"sentiment-fast-old": {}, "sentiment-other-1": {}}))
    verbs = ("beats", "misses", "raises", "cuts", "reports")
    names = ("Apple", "Nokia", "Ford", "Visa")

    freeze_score_reference([f"{name} {verb} estimates" for name in names for verb in verbs], file=file)

    assert set(json.loads(file.read_text())) == {"sentiment-other-1", analyser.model_versions["sentiment"]}


def test_the_reference_news_show_no_drift_and_other_texts_do(analyser: TextAnalyser, shared_data: Path) -> None:
    reference = score_references()[analyser.model_versions["sentiment"]]
    usual, other = RecentScores(1_000, reference), RecentScores(1_000, reference)

    for score in scores_of(analyser, reference_texts(shared_data)[::5]):
        usual.add(score, next(TEXTS))
    for score in scores_of(analyser, [f"Company {number} slumps after a profit warning" for number in range(300)]):
        other.add(score, next(TEXTS))

    assert usual.stability_index() < 0.05
    assert other.stability_index() > 1.0
