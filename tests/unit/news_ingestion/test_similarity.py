import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from news_ingestion.articles.headline import read_headline
from news_ingestion.deduplication.similarity import _is_same_word, compare_headlines

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
    comparison = compare(ACME, b)

    assert (comparison.duplicate, comparison.rule) == (True, rule)


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
    comparison = compare(a, b)

    assert (comparison.duplicate, comparison.rule) == (False, rule)


SHARED = ("brolka", "dravit", "selpon", "kuvran", "mertil", "zonder")
OWN = ("gotvin", "hulsar", "jarkot", "lopsen", "nirvat", "pudrel", "ruslim", "sarvop", "tilmek", "ulgrad", "vexnor")
FIGURES = ("11", "22", "33", "44", "55", "66")


def overlapping(n_shared, n_own_a, n_own_b, n_figures=0):
    """Two headlines of words that mean nothing: so many shared ones and figures, then so many of their own."""
    shared = [*SHARED[:n_shared], *FIGURES[:n_figures]]
    return " ".join([*shared, *OWN[:n_own_a]]), " ".join([*shared, *OWN[n_own_a : n_own_a + n_own_b]])


@pytest.mark.parametrize(
    ("headlines", "is_copy"),
    [
        pytest.param(overlapping(3, 0, 11, n_figures=6), True, id="9 of 20 are .45, one side adds words"),
        pytest.param(overlapping(3, 0, 11, n_figures=5), False, id="8 of 19 are .42"),
        pytest.param(overlapping(3, 1, 1), True, id="3 of 5 are .6, both sides have words of their own"),
        pytest.param(overlapping(3, 3, 2, n_figures=4), False, id="7 of 12 are .58"),
        pytest.param(overlapping(6, 2, 3), True, id="6 of 8 words of one side are .75, in the other"),
        pytest.param(overlapping(5, 2, 3), False, id="5 of 7 words are .71"),
        pytest.param(overlapping(4, 1, 3), True, id="4 words are enough to be contained"),
        pytest.param(overlapping(3, 1, 3), False, id="3 are not"),
        pytest.param(overlapping(2, 0, 1), True, id="2 words are enough to be shared"),
        pytest.param(overlapping(1, 0, 1, n_figures=6), False, id="1 is not, whatever the figures"),
    ],
)
def test_how_much_has_to_be_shared(headlines, is_copy):
    a, b = headlines

    assert compare(a, b).duplicate == compare(b, a).duplicate == is_copy


@pytest.mark.parametrize(
    ("word", "other", "is_same"),
    [
        ("abcdefghijk" + "m" * 9, "abcdefghijk" + "n" * 9, True),
        ("abcdefghij" + "m" * 9, "abcdefghij" + "n" * 9, False),
        ("chinese", "china", True),
        ("fuelled", "fueled", True),
        ("bieber", "beiber", True),
        ("bieber", "beibers", False),
        ("marked", "market", True),
        ("market", "markets", True),
        ("market", "marketplace", False),
        ("mirket", "market", False),
        ("lopes", "lopga", False),
        ("gain", "gains", True),
        ("gain", "gaint", False),
        ("bare", "bear", False),
        ("baret", "beart", True),
    ],
)
def test_spellings_of_one_word(word, other, is_same):
    assert _is_same_word(word, other) == _is_same_word(other, word) == is_same


@pytest.mark.parametrize(("n_shared", "is_copy"), [(2, True), (1, False)])
def test_spellings_are_looked_for_where_two_words_agree(n_shared, is_copy):
    shared = " ".join(SHARED[:n_shared])

    assert compare(f"{shared} bieber", f"{shared} beiber").duplicate is is_copy


@pytest.mark.parametrize(
    ("a", "b", "rule"),
    [
        ("brolka dravit Acme selpon kuvran mertil", "brolka dravit Borealis selpon kuvran mertil", "names"),
        ("brolka dravit Acme selpon kuvran mertil", "brolka dravit Borealis kuvran selpon mertil", "names"),
        ("brolka dravit Acme selpon kuvran mertil", "dravit brolka Borealis selpon kuvran mertil", "names"),
        ("brolka dravit selpon kuvran mertil Acme", "brolka dravit selpon mertil kuvran Borealis", "overlap"),
        ("brolka Acme dravit selpon kuvran mertil", "brolka dravit selpon kuvran Borealis mertil", "overlap"),
        ("Acme brolka dravit selpon kuvran mertil", "Borealis dravit brolka selpon kuvran mertil", "subject"),
        ("brolka dravit hulsar selpon kuvran mertil", "brolka dravit gotvin selpon kuvran mertil", "overlap"),
        ("brolka dravit Acme selpon kuvran mertil", "brolka dravit gotvin selpon kuvran mertil", "names"),
        ("brolka Acme dravit selpon kuvran mertil", "gotvin brolka Borealis dravit selpon kuvran mertil", "names"),
        ("brolka fuelled Acme dravit selpon kuvran", "brolka fueled Borealis selpon dravit kuvran", "names"),
        ("Brolka Dravit Hulsar Selpon Kuvran Mertil", "brolka dravit gotvin selpon kuvran mertil", "overlap"),
        ("Brolka Dravit Hulsar Selpon Kuvran Mertil", "Brolka Dravit Gotvin Selpon Kuvran Mertil", "wording"),
    ],
    ids=[
        "between the same words",
        "after the same word",
        "before the same word",
        "both at the end, after other words",
        "between other words",
        "both at the beginning",
        "no name",
        "a name on one side only",
        "after a word that only one side adds",
        "after another spelling of the same word",
        "no name, where one side has capitals for every word",
        "perhaps a name, where both have",
    ],
)
def test_a_name_in_the_place_of_another_is_another_event(a, b, rule):
    assert compare(a, b).rule == compare(b, a).rule == rule


@pytest.mark.parametrize(
    ("a", "b", "rule"),
    [
        ("Acme to close two plants in Ohio", "Acme to close three plants in Ohio", "figures"),
        ("Acme to close two plants in Ohio", "Acme to close plants in Ohio", "identical"),
        ("Acme pays $2 million to settle lawsuit", "Acme pays to settle lawsuit", "figures"),
        ("Acme pays $2 million to settle lawsuit", "Today Acme pays to settle lawsuit ...", "overlap"),
        ("Acme pays $2 million to settle lawsuit", "Today Acme pays $3 million to settle lawsuit ...", "figures"),
    ],
    ids=[
        "other numbers in words",
        "a number in words that only one has",
        "a figure that only one has",
        "a figure that the cut may have taken",
        "another figure before the cut",
    ],
)
def test_figures_that_one_headline_lacks_or_has_otherwise(a, b, rule):
    assert compare(a, b).rule == compare(b, a).rule == rule


@pytest.mark.parametrize(
    ("cut", "rule"), [("brolka dravit selp…", "truncated"), ("brolka dra…", "different")], ids=["2 words", "1 word"]
)
def test_a_headline_cut_off_is_known_by_two_whole_words(cut, rule):
    assert compare(cut, "brolka dravit selpon kuvran").rule == rule


def test_verdict_names_what_is_shared_and_what_differs():
    comparison = compare("Acme raises target to $59", "Acme raises target to $64")

    assert comparison.shared == ("acme", "+up", "target")
    assert comparison.differing == ("59", "64")
    assert comparison.similarity == pytest.approx(3 / 5)


def test_two_words_of_one_initial_are_not_one_word_for_that():
    assert compare("brolka dravit gotvin", "brolka dravit gelsor").differing == ("gelsor", "gotvin")


def test_similarity_is_given_to_four_places():
    assert compare("brolka dravit selpon", "brolka dravit").similarity == 0.6667


@pytest.mark.parametrize(
    ("a", "b", "rule"),
    [
        ("Acme opens plant in Ohio on Thursday", "Acme opens plant in Ohio", "identical"),
        (
            "Acme says merger talks with Borealis are not over",
            "Today Acme says merger talks with Borealis ...",
            "overlap",
        ),
    ],
    ids=["a date that only one has", "a negation that the cut may have taken"],
)
def test_what_only_one_headline_says_is_no_contradiction(a, b, rule):
    assert compare(a, b).rule == compare(b, a).rule == rule
    assert compare(a, b).duplicate


def test_empty_headlines_share_nothing_and_do_no_harm():
    assert compare("...", "...").duplicate
    assert compare("...", "...").similarity == 1.0
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
