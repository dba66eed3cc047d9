"""Training of the Reuters codes: margins without a story's own influence, evidence shared by codes, thresholds."""

import numpy as np
import pytest
from scipy import sparse

from nlp.topics.code_names import CodeNames, code_names
from nlp.topics.reuters import story_words
from nlp.training.code_evidence import NamedIn, fit_evidence
from nlp.training.ridge import fit_ridge
from nlp.training.topics import best_threshold, fit_topics


def a_problem(n_texts: int = 40, n_features: int = 12, n_labels: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    matrix = rng.random((n_texts, n_features)) * (rng.random((n_texts, n_features)) < 0.4)
    return matrix, rng.random((n_texts, n_labels)) < matrix[:, :n_labels]


def test_an_unseen_margin_is_the_one_of_a_fit_without_the_text() -> None:
    matrix, truth = a_problem()

    whole = fit_ridge(sparse.csr_matrix(matrix), truth, 0.3)
    without = [
        fit_ridge(sparse.csr_matrix(np.delete(matrix, row, axis=0)), np.delete(truth, row, axis=0), 0.3)
        for row in range(len(matrix))
    ]
    margins = [matrix[row] @ fit.weights + fit.intercepts for row, fit in enumerate(without)]

    assert whole.unseen_margins == pytest.approx(np.array(margins), abs=2e-4)


def test_ridge_weights_minimise_the_penalised_error() -> None:
    matrix, truth = a_problem()
    extended = np.hstack([matrix, np.ones((len(matrix), 1))])
    normal = extended.T @ extended + 0.3 * np.eye(extended.shape[1])

    fit = fit_ridge(sparse.csr_matrix(matrix), truth, 0.3)

    expected = np.linalg.solve(normal, extended.T @ np.where(truth, 1.0, -1.0))
    assert np.vstack([fit.weights, fit.intercepts]) == pytest.approx(expected, abs=1e-4)


def test_a_story_names_codes_by_one_word_and_by_two() -> None:
    names = CodeNames(["castor-oil", "rye", "earn"])

    found = names.find(*story_words("Castor oil exports", "Rye and more rye, no oil of castor."))

    assert {column: tuple(naming) for column, naming in found.items()} == {0: (True, 0), 1: (False, 2)}


def test_names_are_one_or_two_words_in_lower_case() -> None:
    names = [name for of_code in code_names().values() for name in of_code]

    assert all(name == name.lower().strip() and len(name.split()) in {1, 2} for name in names)


def test_a_name_speaks_for_a_code_that_a_single_story_taught() -> None:
    rng = np.random.default_rng(1)
    truth = np.zeros((300, 20), dtype=np.bool_)
    truth[np.arange(300), rng.integers(1, 20, 300)] = True
    truth[7] = False
    truth[7, 0] = True
    title = (truth & (rng.random(truth.shape) < 0.8)).astype(np.float32)
    margins = np.where(truth, 0.0, -0.9).astype(np.float32) + rng.normal(0, 0.3, truth.shape).astype(np.float32)

    evidence = fit_evidence(margins, NamedIn(title, title), truth)

    def logit(named: float) -> float:
        place = np.full((1, 20), named, dtype=np.float32)
        return float(evidence.logits(np.full((1, 20), -0.6, dtype=np.float32), NamedIn(place, place))[0, 0])

    assert logit(1.0) > logit(0.0) + 1.0


def test_the_threshold_of_a_rare_code_stays_near_the_usual_one() -> None:
    logits = np.array([3.0, 1.0, -2.0, -4.0], dtype=np.float32)
    rare = best_threshold(logits, np.array([True, False, False, False]))
    common = best_threshold(np.repeat(logits, 50), np.repeat([True, False, False, False], 50))

    assert abs(rare + 0.3) < 0.5 < common
    assert best_threshold(logits, np.zeros(4, dtype=np.bool_)) == pytest.approx(-0.3)


def test_stories_of_a_code_are_told_from_others() -> None:
    stories = [story_words(f"Rye crop {number}", "The rye harvest is large") for number in range(6)]
    stories += [story_words(f"Tin price {number}", "Tin was traded in London") for number in range(6)]
    truth = np.array([[True, False]] * 6 + [[False, True]] * 6)

    fit = fit_topics(stories, truth, ["rye", "tin"])

    assert ((fit.logits([story_words("Rye falls", "The harvest"), story_words("Tin up", "London")], ["rye", "tin"]) > 0)
            == [[True, False], [False, True]]).all()  # fmt: skip
