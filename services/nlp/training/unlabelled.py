"""Texts without labels: the name tagger learns from them how words are used."""

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from nlp.training.corpora import headlines, plain_texts


def running_texts(data: Path) -> Iterator[str]:
    """Yield running text in normal case."""
    yield from plain_texts(data)
    with gzip.open(data / "topics" / "reuters21578_other.jsonl.gz", "rt", encoding="utf-8") as stream:
        for line in stream:
            yield json.loads(line).get("body") or ""


def short_texts(data: Path) -> Iterator[str]:
    """Yield headlines and posts, whose capitals prove little."""
    for _, title, _ in headlines(data):
        yield title
    yield from _column(data / "dedup" / "news_aggregator_stories.csv", "title")
    yield from _column(data / "sentiment" / "twitter_financial_news_sentiment.csv", "text")
    for line in (data / "sentiment" / "sentfin.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)["title"]


def tokenised_tweets(data: Path) -> list[str]:
    """Return the distinct tweets of StockNet in order: lower-case, tokens already apart."""
    text = gzip.decompress((data / "market" / "stocknet_tweets.csv.gz").read_bytes()).decode()
    return list(dict.fromkeys(row["text"] for row in csv.DictReader(text.splitlines(keepends=True))))


def _column(path: Path, name: str) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield row[name]
