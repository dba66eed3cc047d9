"""Metamorphic relations on the shipped models: how an answer may and may not change when a text is written otherwise.

The texts are built from names and phrases of our own, so no label is needed. What holds by construction (case, white
space, quotes) is asserted exactly. What the weights decide is asserted as a rate, with the measured figure beside it: a
retrained model may move it a little, a broken one falls below.
"""

import itertools
from collections.abc import Callable, Sequence

import pytest

from common.contracts import Sentiment
from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput

NAMES = ("Apple", "Nokia", "Microsoft", "Boeing", "Pfizer", "Walmart")
GOOD = (
    "beats quarterly estimates", "raises its full-year outlook", "posts record profit", "lifts its dividend",
    "shares surge after strong results", "wins a large contract", "reports higher sales", "shares jump on upgrade",
    "profit rises sharply", "returns to profit",
)  # fmt: skip
BAD = (
    "misses quarterly estimates", "cuts its full-year outlook", "posts a wider loss", "suspends its dividend",
    "shares plunge after weak results", "loses a large contract", "reports lower sales", "shares slump on downgrade",
    "profit falls sharply", "swings to a loss",
)  # fmt: skip
NEGATED = (
    ("beats estimates", "fails to beat estimates"),
    ("raises its outlook", "does not raise its outlook"),
    ("wins the contract", "does not win the contract"),
    ("will pay a dividend", "will not pay a dividend"),
    ("returns to profit", "fails to return to profit"),
    ("profit rises", "profit did not rise"),
    ("meets expectations", "fails to meet expectations"),
    ("expects growth", "no longer expects growth"),
    ("sees strong demand", "does not see strong demand"),
    ("is profitable", "is not profitable"),
)
OPPOSED = (
    "{} rises while {} falls", "{} beats estimates as {} misses", "{} gains, {} drops",
    "{} upgraded, {} downgraded", "{} wins contract from {}",
)  # fmt: skip
HEADLINES = [f"{name} {phrase}" for name in NAMES for phrase in (*GOOD, *BAD)]


def sentiments(analyser: TextAnalyser, titles: Sequence[str]) -> list[Sentiment]:
    return [found.sentiment for found in analyser.analyse([TextInput(title) for title in titles])]


def changed(analyser: TextAnalyser, change: Callable[[str], str]) -> list[tuple[Sentiment, Sentiment]]:
    before = sentiments(analyser, HEADLINES)
    return list(zip(before, sentiments(analyser, [change(title) for title in HEADLINES]), strict=True))


def kept_labels(pairs: list[tuple[Sentiment, Sentiment]]) -> float:
    return sum(one.label == other.label for one, other in pairs) / len(pairs)


def mean_shift(pairs: list[tuple[Sentiment, Sentiment]]) -> float:
    return sum(abs(one.score - other.score) for one, other in pairs) / len(pairs)


def reversals(pairs: list[tuple[Sentiment, Sentiment]]) -> int:
    return sum({one.label, other.label} == {"positive", "negative"} for one, other in pairs)


def test_good_and_bad_news_lie_on_their_sides(analyser: TextAnalyser) -> None:
    good = sentiments(analyser, [f"{name} {phrase}" for name in NAMES for phrase in GOOD])
    bad = sentiments(analyser, [f"{name} {phrase}" for name in NAMES for phrase in BAD])

    # Measured: all 120.
    assert sum(found.score > 0.0 for found in good) / len(good) >= 0.95
    assert sum(found.score < 0.0 for found in bad) / len(bad) >= 0.95


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(str.upper, id="capitals"),
        pytest.param(str.lower, id="lower"),
        pytest.param(str.title, id="title"),
        pytest.param(lambda text: "  " + text.replace(" ", "   ") + " \t", id="spaces"),
        pytest.param(lambda text: text.replace(" ", "\u00a0"), id="no-break spaces"),
        pytest.param(lambda text: text.replace(" ", "\n"), id="lines"),
        pytest.param(lambda text: f"\u201c{text}\u201d", id="typographic quotes"),
        pytest.param(lambda text: f'"{text}"', id="quotes"),
        pytest.param(lambda text: f"&ldquo;{text}&rdquo;", id="entities"),
    ],
)
def test_case_white_space_and_quotes_change_nothing(analyser: TextAnalyser, change: Callable[[str], str]) -> None:
    assert all(one == other for one, other in changed(analyser, change))


def test_a_typographic_apostrophe_is_an_apostrophe(analyser: TextAnalyser) -> None:
    titles = [f"{name}'s {phrase}, but it doesn't matter" for name in NAMES for phrase in (*GOOD, *BAD)]

    assert sentiments(analyser, titles) == sentiments(analyser, [title.replace("'", "\u2019") for title in titles])


@pytest.mark.parametrize(
    ("change", "kept", "shift"),
    [
        # Measured: kept .93 .91 .78 .85 .84 .83, mean shift .10 .12 .15 .08 .13 .14, reversed 1 2 0 0 0 0 of 120.
        pytest.param(lambda text: f"{text}.", 0.85, 0.16, id="full stop"),
        pytest.param(lambda text: f"{text}!", 0.85, 0.18, id="exclamation mark"),
        pytest.param(lambda text: f"{text} on Tuesday", 0.7, 0.2, id="day"),
        pytest.param(lambda text: f"{text}, the company said", 0.75, 0.15, id="said"),
        pytest.param(lambda text: f"UPDATE 1-{text}", 0.75, 0.2, id="wire prefix"),
        pytest.param(lambda text: f"{text} - Reuters", 0.75, 0.2, id="agency"),
    ],
)
def test_neutral_padding_hardly_ever_reverses_and_rarely_moves(
    analyser: TextAnalyser, change: Callable[[str], str], kept: float, shift: float
) -> None:
    pairs = changed(analyser, change)

    assert reversals(pairs) <= 3
    assert kept_labels(pairs) >= kept
    assert mean_shift(pairs) <= shift


@pytest.mark.parametrize("mark", ["Apple $AAPL", "Apple (NASDAQ: AAPL)", "Apple (AAPL)", "Apple Inc."])
def test_the_notation_of_a_ticker_hardly_matters(analyser: TextAnalyser, mark: str) -> None:
    titles = [f"Apple {phrase}" for phrase in (*GOOD, *BAD)]
    noted = [title.replace("Apple", mark) for title in titles]

    before, after = sentiments(analyser, titles), sentiments(analyser, noted)
    pairs = list(zip(before, after, strict=True))

    assert reversals(pairs) == 0
    assert kept_labels(pairs) >= 0.7
    assert mean_shift(pairs) <= 0.25
    for found in analyser.analyse([TextInput(title) for title in noted]):
        assert [entity.ticker for entity in found.entities if entity.ticker] == ["AAPL"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("Apple", "Apple's"),
        lambda text: text.replace("Apple", "Apple\u2019s"),
        lambda text: f"\u201c{text}\u201d",
        lambda text: text.replace(" ", "\u00a0"),
        lambda text: f"{text} - Reuters",
    ],
)
def test_a_company_is_linked_however_its_headline_is_set(analyser: TextAnalyser, change: Callable[[str], str]) -> None:
    for phrase in (*GOOD, *BAD):
        (found,) = analyser.analyse([TextInput(change(f"Apple {phrase}"))])

        assert "AAPL" in {entity.ticker for entity in found.entities}, change(f"Apple {phrase}")


def test_a_negation_lowers_good_news(analyser: TextAnalyser) -> None:
    plain = sentiments(analyser, [f"{name} {said}" for name in NAMES for said, _ in NEGATED])
    negated = sentiments(analyser, [f"{name} {denied}" for name in NAMES for _, denied in NEGATED])

    lowered = [other.score < one.score for one, other in zip(plain, negated, strict=True)]

    # Measured: all 60. That a negation lifts bad news is not asserted: the fast tier does it in 27 % of such pairs.
    assert sum(lowered) / len(lowered) >= 0.95


def test_swapping_two_opposed_companies_swaps_their_sentiment(analyser: TextAnalyser) -> None:
    texts = [form.format(one, other) for one, other in itertools.permutations(NAMES, 2) for form in OPPOSED]
    winners = [name for name, _ in itertools.permutations(NAMES, 2) for _ in OPPOSED]
    losers = [name for _, name in itertools.permutations(NAMES, 2) for _ in OPPOSED]

    up = analyser.analyse([TextInput(text, entity=name) for text, name in zip(texts, winners, strict=True)])
    down = analyser.analyse([TextInput(text, entity=name) for text, name in zip(texts, losers, strict=True)])

    right = [one.sentiment.score > other.sentiment.score for one, other in zip(up, down, strict=True)]
    # Measured: .77.
    assert sum(right) / len(right) >= 0.7


def test_another_company_in_the_same_headline_never_reverses_it(analyser: TextAnalyser) -> None:
    spreads = []
    for phrase in (*GOOD, *BAD):
        found = sentiments(analyser, [f"{name} {phrase}" for name in NAMES])
        assert len({one.label for one in found} - {"neutral"}) <= 1, phrase
        spreads.append(max(one.score for one in found) - min(one.score for one in found))

    # Measured: .31, as the training sets have news of few companies.
    assert sum(spreads) / len(spreads) <= 0.4
