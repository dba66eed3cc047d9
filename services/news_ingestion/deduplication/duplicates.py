"""Decides whether two articles are the same, by addresses, headlines, bodies, publishers and times, in this order."""

from datetime import timedelta

from news_ingestion.articles.draft import Draft
from news_ingestion.articles.fingerprint import pair_hashes
from news_ingestion.articles.headline import Headline, read_headline
from news_ingestion.deduplication.similarity import TextComparison, compare_headlines

# A publisher that writes the same headline again this much later under a new address writes a new edition: "Benzinga's
# Top Upgrades" comes every morning. A headline with figures in it does not come back by chance.
RECURRING_AFTER = timedelta(hours=12)
_MIN_BODY_CHARACTERS = 200
COMPARED_BODY_CHARACTERS = 4_000
_SAME_BODY = 0.8
_OTHER_BODY = 0.1


def body_similarity(a: str, b: str) -> float:
    """Return the share of the shorter text's word pairs that the longer one has too, in [0, 1].

    Notes
    -----
    Containment, not Jaccard: providers cut bodies at different lengths. Only the first 4,000 characters count.
    """
    pairs_a, pairs_b = (pair_hashes(text[:COMPARED_BODY_CHARACTERS].casefold().split()) for text in (a, b))
    shorter = min(len(pairs_a), len(pairs_b))
    return len(pairs_a & pairs_b) / shorter if shorter else 0.0


def same_publisher(a: Draft, b: Draft) -> bool:
    """Return whether one publisher brought both; an aggregator's site stands for the publishers it names."""
    return a.publisher == b.publisher


def _body_similarity(body_a: str | None, body_b: str | None) -> float | None:
    if not body_a or not body_b or min(len(body_a), len(body_b)) < _MIN_BODY_CHARACTERS:
        return None
    return body_similarity(body_a, body_b)


def compare_texts(a: Headline, b: Headline, body_a: str | None = None, body_b: str | None = None) -> TextComparison:
    """Return whether two articles tell the same, by headline and, where both have one of 200 characters, by body."""
    comparison = compare_headlines(a, b)
    if comparison.duplicate:
        return comparison
    in_bodies = _body_similarity(body_a, body_b)
    if in_bodies is not None and in_bodies >= _SAME_BODY:
        return comparison._replace(duplicate=True, rule="body", similarity=round(in_bodies, 4))
    return comparison


def compare_articles(a: Draft, b: Draft) -> TextComparison:
    """Return whether `a` and `b` are the same article or copies of one, with the rule that decided.

    Notes
    -----
    `recurring` overrules an equal headline: the same publisher brings it again half a day later and without a figure
    in it, or with an altogether different body.
    """
    comparison = compare_texts(a.headline, b.headline, a.body, b.body)
    if a.canonical_url == b.canonical_url:
        return comparison._replace(duplicate=True, rule="url")
    if comparison.duplicate and comparison.rule != "body" and same_publisher(a, b):
        is_later = abs(a.published_at - b.published_at) >= RECURRING_AFTER
        in_bodies = _body_similarity(a.body, b.body)
        if (is_later and not (a.headline.figures & b.headline.figures)) or (
            in_bodies is not None and in_bodies < _OTHER_BODY
        ):
            return comparison._replace(duplicate=False, rule="recurring")
    return comparison


def compare_posted(
    title_a: str, title_b: str, body_a: str | None = None, body_b: str | None = None, *, same_url: bool = False
) -> TextComparison:
    """Return the comparison of two articles of which nothing else is known."""
    comparison = compare_texts(read_headline(title_a), read_headline(title_b), body_a, body_b)
    return comparison._replace(duplicate=True, rule="url") if same_url else comparison
