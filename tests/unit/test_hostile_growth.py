"""Twice the text takes about twice the time, in every function that strangers' texts reach first."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from market_impact.prices.bar_parsing import UnreadableBarsError, parse_csv
from news_ingestion.articles.canonical_url import InvalidURLError, canonical_url
from news_ingestion.articles.cleaning import clean_line, clean_paragraphs
from news_ingestion.articles.draft import Item, clean_item
from news_ingestion.articles.headline import _read_headline
from news_ingestion.deduplication.decisions import BatchDecider
from news_ingestion.deduplication.duplicates import compare_posted
from nlp.entities.ticker_marks import find_ticker_marks
from nlp.texts.html_entities import decode
from nlp.texts.languages import detect_language
from nlp.texts.sentences import split_sentences
from nlp.texts.tokens import raw_tokens
from tests.feeds import read_feed
from tests.growth import growth, is_too_steep

# Repeated to any length: what is never closed, nested, one character, one word, and what looks like names or figures.
PIECES = [
    "<script ", "<script>", "<style>", "<!--", "<![CDATA[", "<div>", "<b a='", "</p>", "<p><b>", "<a b=\"'", "<", ">",
    "&", "&amp;", "&#", "&#1", "&lt;b&gt;", "[+1 chars", "a", "A", " ", "\n", ".", "...", "-", "--", "1", "1,", "(",
    "[", '"', "'", "\u2026", "\u0315\u0300", "\x00", "a ", "A ", "Acme Corp ", "A.", "A. ", "AT&T ", "1% ", "$1 ",
    "Q1 ", "No. ", "Yes! ", "it's ", " - ", " | ", " - News ", "UPDATE 1-", "1-", "/amp", "/", "?a=", "&a=b", "%41",
    "é",
    "株", "NYSE:A ", "(A) ", "$A ", "not ", "http://a.b/ ", "Acme,Inc. ",
]  # fmt: skip


def _url(text: str) -> object:
    try:
        return canonical_url(f"https://example.com/{text}")
    except InvalidURLError as error:
        return error


def _csv(text: str) -> object:
    try:
        return parse_csv(f"ticker,date,open,high,low,close,adjusted_close,volume\n{text}")
    except UnreadableBarsError as error:
        return error


def _decide(text: str) -> object:
    """Decide on a batch of articles that all begin as `text` does: as many as it has sevens of characters."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    items = [Item(f"Acme {n} {text[:100]}", f"https://a.b/{n}", now, body=text[:300]) for n in range(len(text) // 7)]
    decider = BatchDecider([], uuid4, 3_600.0)
    return [decider.decide(clean_item(item, received_at=now)) for item in items]


# Each with the longest text that reaches it, or as much as a test has time for.
READERS: list[tuple[Callable[[str], object], int]] = [
    (clean_line, 100_000),
    (clean_paragraphs, 100_000),
    # Without its memory of short titles.
    (lambda text: _read_headline.__wrapped__(text, False), 20_000),
    (_url, 2_000),
    (lambda text: compare_posted(text[: len(text) // 2], text[len(text) // 3 :], text, text[1:]), 4_000),
    (lambda text: read_feed(f"<rss><channel><item><title>t</title><description>{text}".encode()), 8_000),
    (lambda text: read_feed(f"<rss><channel>{'<item><title>t</title></item>' * (len(text) // 30)}".encode()), 8_000),
    (_csv, 100_000),
    (raw_tokens, 25_000),
    (split_sentences, 25_000),
    (decode, 25_000),
    (detect_language, 25_000),
    (lambda text: find_ticker_marks(text, frozenset({"A"})), 25_000),
]


def _repeat(piece: str) -> Callable[[int], str]:
    return lambda size: piece * (size // len(piece)) + "\x00x"


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_twice_a_hostile_text_takes_about_twice_as_long(piece: str):
    found = {
        number: growth(read, _repeat(piece), smallest=1_000, largest=largest)
        for number, (read, largest) in enumerate(READERS)
    }

    assert {number: str(one) for number, one in found.items() if is_too_steep(one)} == {}


@pytest.mark.parametrize(
    "piece", ["A. ", "a ", "Q1 ", "not ", "<b a='", "Acme Corp ", " - News ", "\u0315\u0300"], ids=repr
)
def test_twice_a_batch_of_likenesses_takes_about_twice_as_long(piece: str):
    found = growth(_decide, _repeat(piece), smallest=1_000, largest=3_500)

    assert not is_too_steep(found), found
