from collections import Counter
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest

from news_ingestion.articles.fingerprint import smallest_hashes
from news_ingestion.articles.headline import read_headline
from news_ingestion.deduplication.decisions import BatchDecider, Known, set_novelty
from news_ingestion.deduplication.similarity import compare_headlines
from news_ingestion.deduplication.stories import event_similarity, novelty
from tests.builders.articles import ACME_TITLE, NOON, draft

TWO_DAYS = 172_800.0


def decider(*stored):
    numbers = count(1)
    return BatchDecider(stored, lambda: UUID(int=next(numbers)), TWO_DAYS)


def outcomes(*drafts):
    batch = decider()
    return [(decision.status, decision.reason) for decision in map(batch.decide, drafts)]


def test_batch_is_decided_against_itself():
    batch = decider()

    statuses = [
        batch.decide(article).status
        for article in (
            draft(),
            draft(),
            draft(ACME_TITLE + " - Reuters", "https://b.example.org/"),
            draft(ACME_TITLE.replace("lifts", "cuts")),
            draft("Borealis Mining halts its northern pit", "https://wire.example.com/b"),
        )
    ]

    assert statuses == ["created", "duplicate", "near_duplicate", "revised", "created"]
    assert len(batch.known) == 3


def test_revision_keeps_what_the_correction_leaves_out():
    stored = Known(UUID(int=7), UUID(int=8), draft(body="The body.", tickers=("ACME",)))
    batch = decider(stored)

    decision = batch.decide(draft(ACME_TITLE.replace("lifts", "cuts"), minutes=90))

    version = decision.known.versions[-1]
    assert (version.revision, version.state) == (2, "revised")
    assert (version.draft.body, version.draft.tickers) == ("The body.", ("ACME",))
    assert version.draft.published_at == NOON


def test_repetition_without_the_body_changes_nothing():
    batch = decider(Known(UUID(int=7), UUID(int=8), draft(body="The body.")))

    assert batch.decide(draft()).status == "duplicate"
    assert batch.known == {}


CUT = ACME_TITLE.replace("lifts", "cuts")
CREATED, REVISED, DUPLICATE = ("created", None), ("revised", None), ("duplicate", None)
OLDER = ("duplicate", "older_version")


def test_a_posted_version_is_a_correction_though_it_was_there_before():
    came = outcomes(draft(), draft(CUT), draft(), draft(CUT), draft())

    assert came == [CREATED, REVISED, OLDER, DUPLICATE, OLDER]


def test_an_older_version_with_another_body_corrects_nothing():
    bodies = [draft(body=text) for text in ("Sales rose.", "Sales fell.", "Sales rose.")]

    assert outcomes(*bodies) == [CREATED, REVISED, OLDER]


@pytest.mark.parametrize(
    ("before", "after", "is_correction"),
    [
        ("A fraud was found.", "Profit rose to a record.", True),
        ("Profit rose 5 %.", "Profit rose 15 %.", True),
        ("Margin of -1.5 points", "Margin of 1.5 points", True),
        ("A loss of $5 million", "A loss of \u20ac5 million", True),
        (None, "A fraud was found.", True),
        ("Profit rose after a fraud was found", "Profit rose", True),
        ("A fraud was found.", None, False),
        ("A fraud was found.", "a FRAUD  was found", False),
        ("A fraud was found.", "<p>A fraud was <b>found</b>.</p>", False),
        ("Profit rose after a fraud was found", "Profit rose after a fra...", False),
        ("Profit rose after a fraud was found", "Profit rose [\u2026]", False),
    ],
)
def test_a_summary_of_other_words_is_a_correction(before, after, is_correction):
    decided = outcomes(draft(summary=before), draft(summary=after))

    assert decided == [CREATED, REVISED if is_correction else DUPLICATE]


def test_summaries_that_two_feeds_have_of_one_article_do_not_alternate():
    one, other = draft(summary="Orders doubled."), draft(summary="Forecast lifted.")

    assert outcomes(one, other, one, other) == [CREATED, REVISED, OLDER, DUPLICATE]


def test_a_retracted_article_stays_so_in_every_version_it_had():
    hashes = {draft().content_hash, draft(CUT).content_hash}
    batch = decider(Known(UUID(int=7), UUID(int=8), draft(), 3, "retracted", content_hashes=hashes))

    again = [batch.decide(one) for one in (draft(), draft(CUT), draft(summary="New words."))]
    rewritten = batch.decide(draft("Borealis Mining halts its northern pit"))

    assert [(one.status, one.reason) for one in again] == [("duplicate", "retracted")] * 3
    assert (rewritten.status, rewritten.reason) == ("revised", None)


def elsewhere(title=ACME_TITLE, **fields):
    return draft(title, "https://wire.example.com/other", **fields)


def test_a_correction_at_another_address_of_an_article_corrects_it():
    batch = decider()

    decided = [batch.decide(one) for one in (draft(), elsewhere(), elsewhere(CUT), elsewhere(CUT), draft(CUT))]

    assert [one.status for one in decided] == ["created", "duplicate", "revised", "duplicate", "duplicate"]
    assert {one.known.article_id for one in decided} == {decided[0].known.article_id}
    assert decided[-1].known.draft.canonical_url == draft().canonical_url
    assert batch.addresses == {elsewhere().url_key: decided[0].known}


def test_another_address_that_is_not_corrected_yet_undoes_no_correction():
    assert outcomes(draft(), elsewhere(), draft(CUT), elsewhere()) == [CREATED, DUPLICATE, REVISED, DUPLICATE]


def test_two_addresses_with_texts_of_their_own_do_not_alternate():
    first, second = draft(body="One.", summary="A."), elsewhere(body="Two.", summary="B.")

    assert outcomes(first, second, second, first, second) == [CREATED, *[DUPLICATE] * 4]


def test_a_retracted_article_stays_so_at_its_other_addresses():
    known = Known(UUID(int=7), UUID(int=8), draft(), 2, "retracted", content_hashes={draft().content_hash})
    known.other_addresses[elsewhere().url_key] = elsewhere().content_hash

    assert decider(known).decide(elsewhere()).reason == "retracted"


def test_an_address_that_an_article_has_of_its_own_is_that_articles():
    other = Known(UUID(int=9), UUID(int=8), elsewhere("Borealis Mining halts its northern pit"))
    known = Known(UUID(int=7), UUID(int=8), draft(), other_addresses={elsewhere().url_key: elsewhere().content_hash})

    decision = decider(known, other).decide(elsewhere("Borealis Mining opens its northern pit"))

    assert decision.known is other


def test_copy_that_is_rewritten_stands_on_its_own():
    original = Known(UUID(int=7), UUID(int=8), draft())
    copy = Known(UUID(int=9), UUID(int=8), draft(url="https://b.example.org/"), duplicate_of=UUID(int=7))
    batch = decider(original, copy)

    decision = batch.decide(draft("Borealis Mining halts its northern pit", "https://b.example.org/"))

    assert decision.status == "revised"
    assert decision.known.duplicate_of is None


def test_retracted_article_is_no_candidate_and_its_address_no_new_article():
    batch = decider(Known(UUID(int=7), UUID(int=8), draft(), state="retracted", content_hashes={draft().content_hash}))

    assert batch.decide(draft()).status == "duplicate"
    assert batch.decide(draft(url="https://wire.example.com/other")).status == "created"


def test_copy_of_a_copy_names_the_original():
    batch = decider()
    first = batch.decide(draft())
    batch.decide(draft(ACME_TITLE + " - Reuters", "https://b.example.org/", minutes=1))

    third = batch.decide(draft("UPDATE 1-" + ACME_TITLE, "https://c.example.net/", minutes=2))

    assert third.match_id == first.known.article_id


def test_articles_outside_the_window_are_not_compared():
    batch = decider(Known(UUID(int=7), UUID(int=8), draft()))

    assert batch.decide(draft(url="https://b.example.org/", minutes=60 * 49)).status == "created"


def test_story_is_not_joined_across_different_tickers():
    a = draft("Northbank starts coverage of Acme Robotics with record target", tickers=("ACME",))
    b = draft("Northbank ends coverage of Acme Robotics suppliers", "https://b.example.org/", tickers=("BORE",))

    assert event_similarity(a, b) == 0.0


def test_boilerplate_alone_is_no_event():
    a = draft("Acme Announces Second Quarter Results")
    b = draft("Borealis Announces Second Quarter Results", "https://b.example.org/")

    assert event_similarity(a, b) == 0.0


ON_EVENT = ("Acme brolka dravit selpon", "Acme brolka kuvran mertil")


def similarity_of_event(titles, rule="overlap", similarity=0.4):
    """How surely two headlines are on one event, when their comparison says so."""
    a, b = (draft(title, f"https://{number}.example.com/") for number, title in enumerate(titles))
    comparison = compare_headlines(a.headline, b.headline)._replace(rule=rule, similarity=similarity)
    return event_similarity(a, b, comparison)


@pytest.mark.parametrize(
    ("rule", "similarity", "found"),
    [
        ("overlap", 0.25, 0.25),
        ("overlap", 0.24, 0.0),
        ("overlap", 0.9, 0.9),
        ("names", 0.5, 0.0),
        ("names", 0.49, 0.49),
        ("direction", 0.9, 0.9),
    ],
)
def test_an_event_is_shared_from_a_quarter_on_and_contradicted_from_a_half_on(rule, similarity, found):
    assert similarity_of_event(ON_EVENT, rule, similarity) == found


@pytest.mark.parametrize(
    ("titles", "is_shared"),
    [
        (ON_EVENT, True),
        (("Acme dravit selpon", "Acme kuvran mertil"), False),
        (("Acme brolka dravit", "acme brolka mertil"), True),
        (("acme Brolka dravit selpon", "acme dravit Kuvran mertil"), False),
    ],
    ids=["two words, a name among them", "one word", "the name known from one side", "no name among them"],
)
def test_an_event_shares_two_telling_words_and_a_name(titles, is_shared):
    assert (similarity_of_event(titles) > 0.0) is is_shared


@pytest.mark.parametrize(
    ("earlier", "is_counted"),
    [
        (timedelta(0), True),
        (timedelta(hours=24), True),
        (timedelta(hours=24, microseconds=1), False),
        (timedelta(microseconds=-1), False),
    ],
)
def test_novelty_counts_from_24_hours_before_to_the_moment_itself(earlier, is_counted):
    assert novelty(NOON, [NOON - earlier]) == (0.75 if is_counted else 1.0)


def test_novelty_counts_the_day_before_only():
    earlier = [
        NOON - timedelta(hours=25),
        NOON - timedelta(hours=23),
        NOON - timedelta(minutes=1),
        NOON + timedelta(hours=1),
    ]

    assert novelty(NOON, earlier) == 0.75**2
    assert novelty(NOON, []) == 1.0


def test_novelty_of_a_batch_counts_stored_and_new_articles():
    story = UUID(int=5)
    new = [Known(UUID(int=n), story, draft(minutes=n), is_new=True) for n in range(2)]

    set_novelty(new, {story: [NOON - timedelta(hours=1)]})

    assert [known.novelty for known in new] == [0.75, 0.5625]


def test_fingerprint_is_the_same_everywhere_and_in_either_order():
    hashes = smallest_hashes(["acme", "forecast", "order"])

    assert len(hashes) == 2
    assert set(hashes) == set(smallest_hashes(["order", "forecast", "acme"]))
    assert all(0 <= one < 2**63 for one in hashes)
    assert smallest_hashes([]) == []
    assert len(smallest_hashes(["acme"])) == 1


def test_copies_are_found_among_thousands():
    batch = decider()
    for number in range(400):
        batch.decide(
            draft(f"Plant {number} of firm {number} opens in town {number}", f"https://a.example.com/{number}")
        )

    decision = batch.decide(draft("Plant 77 of firm 77 opens in town 77 - Reuters", "https://b.example.org/"))

    assert decision.comparison is not None
    assert decision.comparison.rule == "identical"


def test_real_headlines_twice_make_nothing_new(shared_data):
    import csv  # noqa: PLC0415 - only this test reads the reference data
    import gzip  # noqa: PLC0415

    with gzip.open(shared_data / "market" / "headlines.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:800]
    drafts = [draft(row["title"], f"https://wire.example.com/{row['id']}", tickers=(row["ticker"],)) for row in rows]
    batch = decider()

    first = Counter(batch.decide(one).status for one in drafts)
    n_versions = sum(len(known.versions) for known in batch.known.values())
    second = Counter(batch.decide(one).status for one in drafts)

    assert sum(first.values()) == len(rows)
    assert set(second) == {"duplicate"}
    assert sum(len(known.versions) for known in batch.known.values()) == n_versions
    assert read_headline(rows[0]["title"]).words
