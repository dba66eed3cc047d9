"""Reads the data folder: each set as typed rows, with a stable split into training and validation."""

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

SentimentSet = Literal["phrasebank", "twitter", "semeval", "fiqa", "sentfin", "statements"]

# By the level of agreement; milder than the share of annotators, whose doubts a model need not share.
_TRUST = {"100": 1.0, "75": 0.95, "66": 0.88, "50": 0.8}
_CLASS = {"negative": 0, "bearish": 0, "neutral": 1, "positive": 2, "bullish": 2}


@dataclass(frozen=True, slots=True)
class SentimentRow:
    """One labelled text.

    Notes
    -----
    `target` holds the probabilities of negative, neutral and positive; `score` in [-1, 1] is given by the sets that
    are labelled with a number. `entity` is set where the label is toward one name. `trust` is how likely the label is
    right, from the agreement of its annotators.
    """

    key: str
    source: SentimentSet
    text: str
    target: tuple[float, float, float]
    score: float | None = None
    entity: str | None = None
    is_unanimous: bool = False
    trust: float = 1.0


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One story with its codes."""

    key: str
    title: str
    body: str
    topics: tuple[str, ...]


Row = TypeVar("Row", SentimentRow, TopicRow)


def is_validation(key: str, percent: int = 15) -> bool:
    """Say whether the row named `key` belongs to the validation part: by hash, so that it never moves."""
    return zlib.crc32(key.encode()) % 100 < percent


def seen(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of the training part."""
    return [row for row in rows if not is_validation(row.key)]


def unseen(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of the validation part."""
    return [row for row in rows if is_validation(row.key)]


def _hard(label: str) -> tuple[float, float, float]:
    target = [0.0, 0.0, 0.0]
    target[_CLASS[label]] = 1.0
    return target[0], target[1], target[2]


def _soft(score: float) -> tuple[float, float, float]:
    return max(-score, 0.0), 1.0 - abs(score), max(score, 0.0)


def csv_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _fiqa(path: Path) -> Iterator[SentimentRow]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        for annotation in row["annotations"]:
            score = float(annotation["sentiment_score"])
            yield SentimentRow(row["sentence"], "fiqa", row["sentence"], _soft(score), score, annotation["target"])


def document_rows(data: Path) -> list[SentimentRow]:
    """Return every text with its document label, all sets merged; SEntFiN's is the mean over its entities."""
    folder = data / "sentiment"
    rows = [
        SentimentRow(
            row["text"],
            "phrasebank",
            row["text"],
            _hard(row["label"]),
            is_unanimous=row["agreement"] == "100",
            trust=_TRUST[row["agreement"]],
        )
        for row in csv_rows(folder / "financial_phrasebank.csv")
    ]
    rows += [
        SentimentRow(row["text"], "twitter", row["text"], _hard(row["label"]))
        for row in csv_rows(folder / "twitter_financial_news_sentiment.csv")
    ]
    for row in csv_rows(folder / "semeval2017_task5_headlines.csv"):
        score = float(row["sentiment"])
        rows.append(SentimentRow(row["title"], "semeval", row["title"], _soft(score), score, row["company"]))
    rows += _fiqa(folder / "fiqa_task1.jsonl")
    for title, labels in _sentfin(folder / "sentfin.jsonl"):
        targets = [_hard(label) for _, label in labels]
        mean = tuple(sum(column) / len(targets) for column in zip(*targets, strict=True))
        rows.append(SentimentRow(title, "sentfin", title, (mean[0], mean[1], mean[2])))
    return rows


def _sentfin(path: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["title"], [(entity["entity"], entity["sentiment"]) for entity in row["entities"]]


def entity_rows(data: Path) -> list[SentimentRow]:
    """Return the texts with a label toward one name: SEntFiN, and the numbered sets whose target stands in the text."""
    folder = data / "sentiment"
    rows = [
        SentimentRow(title, "sentfin", title, _hard(label), entity=name)
        for title, labels in _sentfin(folder / "sentfin.jsonl")
        for name, label in labels
    ]
    scored = [row for row in document_rows(data) if row.entity is not None]
    return rows + [row for row in scored if row.entity is not None and row.entity.lower() in row.text.lower()]


def topic_rows(data: Path) -> list[TopicRow]:
    """Return the Reuters training stories with their codes."""
    return _topic_rows(data / "topics" / "reuters21578_train.jsonl.gz")


def further_topic_rows(data: Path) -> list[TopicRow]:
    """Return the Reuters stories outside of the ModApte split that bear codes; none without their file."""
    file = data / "topics" / "reuters21578_other.jsonl.gz"
    return [row for row in _topic_rows(file) if row.topics] if file.exists() else []


def _topic_rows(file: Path) -> list[TopicRow]:
    rows = [json.loads(line) for line in gzip.decompress(file.read_bytes()).decode().splitlines()]
    return [TopicRow(row["id"], row["title"] or "", row["body"] or "", tuple(row["topics"])) for row in rows]


def story_bodies(data: Path) -> Iterator[str]:
    """Yield the bodies of the Reuters training stories, each on one line."""
    with gzip.open(data / "topics" / "reuters21578_train.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            body = json.loads(line).get("body")
            if body:
                yield " ".join(body.split())


def plain_texts(data: Path) -> Iterator[str]:
    """Yield running text in normal case, to learn which words are everyday words."""
    for row in topic_rows(data):
        yield row.body
    for item in csv_rows(data / "topics" / "ag_news_sample.csv"):
        yield item["description"]
    for item in csv_rows(data / "sentiment" / "financial_phrasebank.csv"):
        yield item["text"]


def headlines(data: Path) -> list[tuple[str, str, str]]:
    """Return (ticker, title, published_at) of the market headlines: weak labels for the linking of companies."""
    text = gzip.decompress((data / "market" / "headlines.csv.gz").read_bytes()).decode().splitlines(keepends=True)
    return [(row["ticker"], row["title"], row["published_at"]) for row in csv.DictReader(text)]
