from datetime import UTC, datetime, timedelta

import pytest

from news_ingestion.articles.draft import Item, RejectedItemError, clean_item
from news_ingestion.deduplication.duplicates import body_similarity, compare_articles, compare_posted
from tests.builders.articles import NOON, draft

BODY = " ".join(
    f"Sentence number {number} tells of order {number * 7} for plant {number * 13}." for number in range(20)
)


def test_one_address_is_one_article_whatever_its_title():
    comparison = compare_articles(
        draft("Acme lifts forecast"), draft("Rain in Spain", url="http://wire.example.com/a?utm_id=1")
    )

    assert (comparison.duplicate, comparison.rule) == (True, "url")


def test_same_body_under_another_headline_is_a_copy():
    comparison = compare_articles(
        draft("Acme lifts forecast", body=BODY),
        draft("Robots sell well", url="https://b.example.org/", body=BODY + " End."),
    )

    assert (comparison.duplicate, comparison.rule) == (True, "body")


@pytest.mark.parametrize(("hours", "duplicate"), [(1, True), (11.99, True), (12, False), (24, False)])
def test_publishers_daily_column_is_a_new_article(hours, duplicate):
    morning = draft("Top Downgrades This Morning")
    later = draft("Top Downgrades This Morning", url="https://wire.example.com/b", minutes=60 * hours)

    comparison = compare_articles(morning, later)

    assert comparison.duplicate is duplicate
    assert comparison.rule == ("identical" if duplicate else "recurring")


def test_same_headline_of_another_publisher_a_day_later_is_a_copy():
    a = draft("Acme lifts forecast after orders")
    b = draft("Acme lifts forecast after orders", url="https://b.example.org/", minutes=60 * 24)

    assert compare_articles(a, b).duplicate


def test_headline_with_a_figure_does_not_recur_by_chance():
    a = draft("Northbank raises Acme target to $59")
    b = draft("Northbank raises Acme target to $59", url="https://wire.example.com/b", minutes=60 * 24)

    assert compare_articles(a, b).duplicate


def test_body_similarity_is_containment():
    assert body_similarity(BODY, BODY[:300]) > 0.95
    assert body_similarity(BODY, "altogether other words that nobody wrote before today") == 0.0
    assert body_similarity("", BODY) == 0.0


def words(prefix, count):
    """So many words of seven letters, which with the spaces between them are eight characters each."""
    return [f"{prefix}{number:05}" for number in range(count)]


def bodies(n_shared_pairs):
    """Two bodies of 30 word pairs, so many of them in both."""
    shared = words("wo", n_shared_pairs + 1)
    return tuple(" ".join([*shared, *words(own, 30 - n_shared_pairs)]) for own in ("aa", "bb"))


@pytest.mark.parametrize(("n_shared_pairs", "is_copy"), [(24, True), (23, False)], ids=[".8", ".77"])
def test_bodies_are_the_same_from_four_fifths_on(n_shared_pairs, is_copy):
    a, b = bodies(n_shared_pairs)

    comparison = compare_posted("Acme lifts forecast", "Rain in Spain", a, b)

    assert (comparison.duplicate, comparison.rule) == (is_copy, "body" if is_copy else "different")


@pytest.mark.parametrize(("n_shared_pairs", "rule"), [(3, "identical"), (2, "recurring")], ids=[".1", ".07"])
def test_one_headline_over_altogether_other_bodies_is_a_new_article(n_shared_pairs, rule):
    a, b = bodies(n_shared_pairs)
    one = draft("Top Downgrades This Morning", body=a)
    other = draft("Top Downgrades This Morning", url="https://wire.example.com/b", body=b, minutes=60)

    assert compare_articles(one, other).rule == rule


@pytest.mark.parametrize(("body", "rule"), [("x" * 199, "different"), ("x " + "x" * 198, "body")], ids=["199", "200"])
def test_bodies_are_compared_from_200_characters_on(body, rule):
    assert compare_posted("Acme lifts forecast", "Rain in Spain", body, body).rule == rule


@pytest.mark.parametrize(("n_words", "is_same"), [(500, True), (499, False)])
def test_bodies_are_compared_up_to_4000_characters(n_words, is_same):
    shared = words("wo", n_words)
    a, b = (" ".join([*shared, *words(own, 200)]) for own in ("aa", "bb"))

    assert (body_similarity(a, b) == 1.0) is is_same


def test_comparison_alone_needs_only_titles():
    assert compare_posted("Acme lifts forecast", "ACME LIFTS FORECAST").rule == "identical"
    assert compare_posted("Acme lifts forecast", "Rain in Spain", same_url=True).rule == "url"


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (Item(None, "https://example.com", NOON), "title_missing"),
        (Item("<p> </p>", "https://example.com", NOON), "title_missing"),
        (Item("x" * 1_001, "https://example.com", NOON), "title_too_long"),
        (Item("Acme", " ", NOON), "url_missing"),
        (Item("Acme", "mailto:a@example.com", NOON), "url_invalid"),
        (Item("Acme", "https://example.com", NOON + timedelta(days=2)), "published_in_future"),
        (Item("Acme", "https://example.com", datetime(1, 1, 1, tzinfo=UTC)), "published_too_early"),
    ],
)
def test_item_that_is_no_article_is_rejected(item, code):
    with pytest.raises(RejectedItemError) as caught:
        clean_item(item, received_at=NOON)

    assert caught.value.code == code


def test_missing_time_of_publication_is_the_time_of_receipt():
    assert clean_item(Item("Acme", "https://example.com", None), received_at=NOON).published_at == NOON
