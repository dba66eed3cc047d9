"""Texts without labels: from them, the name tagger learns word usage, and the encoder its teacher's predictions."""

import csv
import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from nlp.training.corpora import csv_rows, document_rows, headlines, plain_texts, story_bodies

_SHORTEST_LEAD, _LONGEST_LEAD = 40, 260
_LONGEST_STORY = 2_500
_LEAD = re.compile(rf"(.{{{_SHORTEST_LEAD},{_LONGEST_LEAD}}}?[a-z0-9]\.)\s")


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
    return (row[name] for row in csv_rows(path))


def texts_as_read(data: Path, random_state: int = 0) -> list[str]:
    """Return texts of the kinds that the service reads, about 27,000: headlines, leads of stories, and posts.

    Notes
    -----
    No labelled text is among them. Equal data and `random_state` give equal texts in equal order.
    """
    pick = random.Random(random_state)  # noqa: S311  # for variety, not for secrets
    business = [row for row in csv_rows(data / "topics" / "ag_news_sample.csv") if row["label"] == "business"]
    texts = [title for _, title, _ in headlines(data)]
    texts += _column(data / "dedup" / "news_aggregator_stories.csv", "title")
    texts += [row["title"] for row in business] + [row["description"][:_LONGEST_LEAD] for row in business]
    texts += _sample(_leads(data), 6_000, pick)
    texts += _sample((tweet for tweet in tokenised_tweets(data) if len(tweet) >= _SHORTEST_LEAD), 8_000, pick)
    labelled = {row.text for row in document_rows(data)}
    return [text for text in dict.fromkeys(texts) if text not in labelled]


def texts_with_names(data: Path, random_state: int = 0) -> list[str]:
    """Return texts that name companies and people, about 37,000: headlines, posts, sentences, and stories cut short.

    Notes
    -----
    Equal data and `random_state` give equal texts in equal order.
    """
    pick = random.Random(random_state)  # noqa: S311  # for variety, not for secrets
    articles = list(csv_rows(data / "topics" / "ag_news_sample.csv"))
    texts = [row["description"] for row in articles] + [row["title"] for row in articles]
    texts += _sample((body[:_LONGEST_STORY] for body in story_bodies(data)), 2_000, pick)
    texts += _column(data / "sentiment" / "financial_phrasebank.csv", "text")
    texts += _sample(short_texts(data), 18_000, pick)
    return [text for text in dict.fromkeys(texts) if any(map(str.isalnum, text))]


def _sample(texts: Iterable[str], n_texts: int, pick: random.Random) -> list[str]:
    distinct = list(dict.fromkeys(texts))
    return pick.sample(distinct, min(n_texts, len(distinct)))


def _leads(data: Path) -> Iterator[str]:
    """Yield the first sentence of each Reuters story, where it is neither a word or two nor a paragraph."""
    for body in story_bodies(data):
        if found := _LEAD.match(f"{body} "):
            yield found[1]
