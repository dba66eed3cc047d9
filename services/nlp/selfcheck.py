"""The self-check: analyses the golden corpus with the models in use, and compares the results with the frozen ones.

A difference means that what runs is not what was measured: a wrong artefact, a changed library, a broken build.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

from nlp.text_analyser import TextAnalysis
from nlp.text_input import TextInput

_FOLDER = Path(__file__).parent / "golden"
CORPUS = _FOLDER / "corpus.jsonl"
FROZEN = _FOLDER / "frozen.json"
# The deep tier rounds to integers at run time, and processors round the last digit differently.
_SCORE_TOLERANCE = {"sentiment-fast": 1e-4, "sentiment-deep": 0.03}


@dataclass(frozen=True, slots=True)
class GoldenText:
    """A text of the corpus with what a careful reader says of it; `label` is None where readers would differ."""

    id: str
    title: str
    label: str | None
    tickers: frozenset[str]
    events: frozenset[str]
    language: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs on one text."""

    id: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class SelfcheckReport:
    """The outcome; accuracy and recall are against the careful reader, `drift` against the frozen scores."""

    n_texts: int
    label_accuracy: float
    ticker_recall: float
    drift: float
    differences: tuple[Difference, ...]


class FrozenRow(TypedDict):
    """What is frozen of the analysis of one text."""

    label: str
    score: float
    language: str
    abstained: bool
    tickers: list[str]
    events: list[str]


class FrozenAnswers(TypedDict):
    """What one sentiment model answered, with the models that were at work, by the identifiers of the texts."""

    model_versions: dict[str, str]
    texts: dict[str, FrozenRow]


@cache
def golden_texts() -> tuple[GoldenText, ...]:
    """Return the golden corpus."""
    rows = [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").splitlines()]
    return tuple(
        GoldenText(
            row["id"], row["title"], row["label"], frozenset(row["tickers"]), frozenset(row["events"]), row["language"]
        )
        for row in rows
    )


@cache
def frozen_answers() -> dict[str, FrozenAnswers]:
    """Return what was frozen, by the name of the sentiment model; empty before the first freezing."""
    found: dict[str, FrozenAnswers] = json.loads(FROZEN.read_text(encoding="utf-8")) if FROZEN.exists() else {}
    return found


def model_name(version: str) -> str:
    """Return the name in a model's version, which ends with the head of its hash."""
    return version.rpartition("-")[0]


def golden_inputs() -> list[TextInput]:
    """Return the corpus as the analyser takes it."""
    return [TextInput(golden.title) for golden in golden_texts()]


def found_tickers(analysis: TextAnalysis) -> list[str]:
    """Return the tickers that an analysis links, in order of the alphabet."""
    return sorted({entity.ticker for entity in analysis.entities if entity.ticker is not None})


def frozen_row(analysis: TextAnalysis) -> FrozenRow:
    """Return what is frozen of an analysis."""
    return FrozenRow(
        label=analysis.sentiment.label,
        score=analysis.sentiment.score,
        language=analysis.language.code,
        abstained=analysis.abstained,
        tickers=found_tickers(analysis),
        events=sorted(event.type for event in analysis.events),
    )


def compare(analyses: Sequence[TextAnalysis], model_versions: dict[str, str]) -> SelfcheckReport:
    """Return how the analyses of the golden corpus, in its order, differ from what was frozen."""
    name = model_name(model_versions["sentiment"])
    frozen = frozen_answers().get(name)
    if frozen is None:
        unknown = Difference("models", "sentiment", f"nothing was frozen for {model_versions['sentiment']}")
        return SelfcheckReport(len(golden_texts()), 0.0, 0.0, 0.0, (unknown,))
    differences = [
        Difference("models", part, f"{version} is in use, but {frozen['model_versions'].get(part)} was frozen")
        for part, version in model_versions.items()
        if frozen["model_versions"].get(part) != version
    ]
    drift, labels, tickers = 0.0, [], []
    for golden, analysis in zip(golden_texts(), analyses, strict=True):
        expected, found = frozen["texts"][golden.id], frozen_row(analysis)
        drift = max(drift, abs(found["score"] - expected["score"]))
        differences += _row_differences(golden.id, expected, found, _SCORE_TOLERANCE[name])
        if golden.label is not None:
            labels.append(found["label"] == golden.label)
        tickers += [ticker in found["tickers"] for ticker in golden.tickers]
    return SelfcheckReport(
        n_texts=len(golden_texts()),
        label_accuracy=sum(labels) / len(labels),
        ticker_recall=sum(tickers) / len(tickers),
        drift=drift,
        differences=tuple(differences),
    )


def _row_differences(
    golden_id: str, expected: Mapping[str, object], found: Mapping[str, object], tolerance: float
) -> list[Difference]:
    return [
        Difference(golden_id, name, f"{found[name]!r} instead of {value!r}")
        for name, value in expected.items()
        if not _is_same(value, found[name], tolerance)
    ]


def _is_same(value: object, other: object, tolerance: float) -> bool:
    """Return whether two answers are equal, the score within its tolerance."""
    if isinstance(value, float) and isinstance(other, float):
        return abs(value - other) <= tolerance
    return value == other
