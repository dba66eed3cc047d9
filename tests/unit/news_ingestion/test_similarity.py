import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from news_ingestion.articles.headline import read_headline
from news_ingestion.deduplication.similarity import compare_headlines

ACME = "Acme Robotics lifts forecast as orders from car makers double"


def compare(a, b):
    return compare_headlines(read_headline(a), read_headline(b))


@pytest.mark.parametrize(
    ("b", "rule"),
    [
        (ACME.upper(), "identical"),
        ("UPDATE 1-" + ACME + " - Reuters", "identical"),
        ("  Acme  Robotics lifts&nbsp;forecast as orders from car makers double .", "identical"),
        ("Acme Robotics lifts forecast as orders from …", "truncated"),
        ("Acme Robotics lifts forecast as orders from car mak...", "truncated"),
        ("Acme Robotics lifts forecast as orders from car makers doub…", "truncated"),
        ("Acme Robotics lifts its forecast as orders double", "overlap"),
        ("Industry leader Acme Robotics lifts forecast as car makers' orders double", "overlap"),
    ],
)
def test_copies_are_recognised(b, rule):
    verdict = compare(ACME, b)

    assert (verdict.duplicate, verdict.rule) == (True, rule)


@pytest.mark.parametrize(
    ("a", "b", "rule"),
    [
        ("Northbank raises target for Acme to $59", "Northbank raises target for Acme to $64", "figures"),
        ("Acme to hold meeting on May 14", "Acme to hold meeting on May 14, 2013", "figures"),
        ("Market wrap for Thursday, December 15", "Market wrap for Wednesday, December 15", "dates"),
        ("Acme shares rise on strong demand", "Acme shares fall on strong demand", "direction"),
        ("Acme posts profit after first year", "Acme posts loss after first year", "direction"),
        ("Acme confirms talks with Borealis", "Acme denies talks with Borealis", "negation"),
        ("Pepper futures rise on spot demand", "Copper futures rise on spot demand", "subject"),
        ("Why brokers like Acme after its results", "Why brokers like Borealis after its results", "names"),
        ("Analysts stay with gold in thin trade", "Analysts stay with wheat in thin trade", "names"),
        (
            "Northbank Cuts Acme to Sell on Weak Order Book and Rising Costs",
            "Northbank Cuts Borealis to Sell on Weak Order Book and Rising Costs",
            "wording",
        ),
        ("Acme opens plant in Ohio", "Rain delays harvest across Europe", "different"),
    ],
)
def test_other_events_are_told_apart(a, b, rule):
    verdict = compare(a, b)

    assert (verdict.duplicate, verdict.rule) == (False, rule)


def test_verdict_names_what_is_shared_and_what_differs():
    verdict = compare("Acme raises target to $59", "Acme raises target to $64")

    assert verdict.shared == ("acme", "+up", "target")
    assert verdict.differing == ("59", "64")
    assert verdict.similarity == pytest.approx(3 / 5)


def test_empty_headlines_share_nothing_and_do_no_harm():
    assert compare("...", "...").duplicate
    assert not compare("", "Acme opens plant in Ohio").duplicate


headlines = st.lists(
    st.sampled_from(
        [
            "Acme",
            "Borealis",
            "profit",
            "loss",
            "rises",
            "falls",
            "5%",
            "$2 million",
            "not",
            "in",
            "oil",
            "...",
            "BRIEF-",
            "Q3",
        ]
    ),
    max_size=9,
).map(" ".join)


@given(headlines, headlines)
def test_order_of_the_two_does_not_matter(a, b):
    one, other = compare(a, b), compare(b, a)

    assert (one.duplicate, one.similarity, set(one.differing)) == (
        other.duplicate,
        other.similarity,
        set(other.differing),
    )


@given(headlines)
def test_headline_is_its_own_copy(text):
    assert compare(text, text).duplicate


def test_labelled_pairs_are_decided_as_people_did(shared_data):
    with (shared_data / "dedup" / "headline_pairs.csv").open(encoding="utf-8") as file:
        pairs = list(csv.DictReader(file))

    decided = [(pair["duplicate"] == "1", compare(pair["text_a"], pair["text_b"]).duplicate) for pair in pairs]

    true_positives = sum(is_copy and found for is_copy, found in decided)
    precision = true_positives / sum(found for _, found in decided)
    recall = true_positives / sum(is_copy for is_copy, _ in decided)
    assert precision >= 0.98
    assert recall >= 0.95
