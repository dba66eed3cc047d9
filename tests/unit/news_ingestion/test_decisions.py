from collections import Counter
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest

from news_ingestion.articles.draft import Item, clean_item
from news_ingestion.articles.fingerprint import smallest_hashes
from news_ingestion.articles.headline import read_headline
from news_ingestion.deduplication.decisions import BatchDecider, Known, Version, set_novelty
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
        ("Profit rose after X was found", "Profit rose after...X", True),
        (None, "!?", False),
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


# The first identifier that a batch draws is the story's.
FIRST_STORY, FIRST_ARTICLE = UUID(int=1), UUID(int=2)
OTHER_SITE = "https://b.example.org/"


def test_a_new_article_begins_a_story_with_its_first_version():
    batch, one = decider(), draft()

    decision = batch.decide(one)

    assert (decision.status, decision.match_id, decision.comparison) == ("created", None, None)
    known = decision.known
    assert (known.story_id, known.article_id) == (FIRST_STORY, FIRST_ARTICLE)
    assert (known.draft, known.revision, known.state, known.duplicate_of) == (one, 1, "created", None)
    assert (known.is_new, known.is_new_story) == (True, True)
    assert known.versions == [Version(one, 1, "created", None)]
    assert batch.known == {known.article_id: known}


def test_an_article_on_the_event_of_a_story_joins_it():
    batch = decider()
    first = batch.decide(draft(ON_EVENT[0])).known

    second = batch.decide(draft("Acme brolka dravit kuvran mertil", OTHER_SITE))

    assert second.status == "created"
    assert second.known.story_id == first.story_id != second.known.article_id
    assert (second.known.is_new, second.known.is_new_story) == (True, False)


def test_an_article_on_another_event_of_the_same_words_begins_a_story():
    batch = decider()
    first = batch.decide(
        draft("Northbank starts coverage of Acme Robotics with record target", tickers=("ACME",))
    ).known

    other = batch.decide(draft("Northbank ends coverage of Acme Robotics with record loss", OTHER_SITE, tickers=("B",)))

    assert other.status == "created"
    assert other.known.story_id != first.story_id
    assert other.known.is_new_story


def test_a_copy_is_an_article_of_its_own_in_the_story_of_the_original():
    batch = decider()
    original = batch.decide(draft()).known

    decision = batch.decide(draft(ACME_TITLE + " - Reuters", OTHER_SITE))

    copy = decision.known
    assert (decision.status, decision.match_id, decision.comparison.rule) == (
        "near_duplicate",
        FIRST_ARTICLE,
        "identical",
    )
    assert copy.article_id != original.article_id == copy.duplicate_of
    assert (copy.story_id, copy.is_new, copy.is_new_story) == (original.story_id, True, False)
    assert copy.versions == [Version(copy.draft, 1, "created", original.article_id)]
    assert batch.known == {one.article_id: one for one in (original, copy)}


def test_a_copy_that_only_overlaps_is_found_by_a_part_of_its_fingerprint():
    batch = decider()
    batch.decide(draft())

    decision = batch.decide(draft("Acme Robotics lifts its forecast as orders double", OTHER_SITE))

    assert (decision.status, decision.comparison.rule) == ("near_duplicate", "overlap")


def test_a_title_without_a_word_is_like_no_other():
    assert outcomes(draft("..."), draft("!?", OTHER_SITE)) == [CREATED, CREATED]


@pytest.mark.parametrize(
    ("minutes", "status"), [(2_880, "near_duplicate"), (-2_880, "near_duplicate"), (2_881, "created")]
)
def test_articles_are_compared_up_to_the_end_of_the_window(minutes, status):
    batch = decider(Known(UUID(int=7), UUID(int=8), draft()))

    assert batch.decide(draft(url=OTHER_SITE, minutes=minutes)).status == status


@pytest.mark.parametrize(
    ("title", "url", "status", "rule"),
    [
        (ACME_TITLE, "https://wire.example.com/b", "duplicate", "identical"),
        (ACME_TITLE, "https://wire.example.com/a", "duplicate", "url"),
        (CUT, "https://wire.example.com/a", "revised", "url"),
    ],
)
def test_a_decision_names_the_article_that_is_known_and_the_rule(title, url, status, rule):
    stored = Known(UUID(int=7), UUID(int=8), draft())

    decision = decider(stored).decide(draft(title, url))

    assert (decision.status, decision.known, decision.match_id) == (status, stored, UUID(int=7))
    assert (decision.comparison.duplicate, decision.comparison.rule) == (True, rule)


def test_a_retracted_article_is_named_with_the_rule_when_it_comes_again():
    stored = Known(UUID(int=7), UUID(int=8), draft(), state="retracted", content_hashes={draft().content_hash})

    decision = decider(stored).decide(draft())

    assert (decision.known, decision.match_id) == (stored, UUID(int=7))
    assert (decision.comparison.duplicate, decision.comparison.rule) == (True, "url")


def full(title, url, *, name, tickers, body=None, summary=None):
    item = Item(title, url, NOON, body, summary, name, name, "The Wire", name, tickers)
    return clean_item(item, received_at=NOON)


def test_a_correction_brings_what_it_says_and_keeps_the_rest():
    stored = Known(
        UUID(int=7), UUID(int=8), full(ACME_TITLE, "https://wire.example.com/a", name="be", tickers=("ACME",))
    )

    merged = (
        decider(stored).decide(full(CUT, "https://wire.example.com/a?utm_source=x", name="af", tickers=("B",))).known
    )

    assert (merged.draft.title, merged.draft.url) == (CUT, "https://wire.example.com/a?utm_source=x")
    assert merged.draft.canonical_url == "https://wire.example.com/a"
    assert (merged.draft.author, merged.draft.source_id, merged.draft.language) == ("af",) * 3
    assert merged.draft.tickers == ("ACME", "B")


def test_a_correction_that_says_less_leaves_the_rest_as_it_was():
    before = full(
        ACME_TITLE,
        "https://wire.example.com/a",
        name="be",
        tickers=("ACME",),
        body="Body.",
        summary="Summary.",
    )
    stored = Known(UUID(int=7), UUID(int=8), before)

    after = decider(stored).decide(draft(CUT)).known.draft

    assert (after.author, after.source_id, after.source_name, after.language) == ("be", "be", "The Wire", "be")
    assert (after.body, after.summary, after.tickers) == ("Body.", "Summary.", ("ACME",))


def test_a_correction_at_another_address_leaves_the_address_of_the_article():
    stored = Known(UUID(int=7), UUID(int=8), draft(), other_addresses={elsewhere().url_key: elsewhere().content_hash})

    corrected = decider(stored).decide(elsewhere(CUT)).known.draft

    assert (corrected.title, corrected.url) == (CUT, "https://wire.example.com/a")


def test_the_other_addresses_of_every_stored_article_are_known():
    first = Known(UUID(int=7), UUID(int=8), draft(), other_addresses={elsewhere().url_key: elsewhere().content_hash})
    second = Known(UUID(int=9), UUID(int=10), draft("Borealis Mining halts its northern pit", OTHER_SITE))

    decision = decider(first, second).decide(elsewhere("Borealis Mining opens its southern pit"))

    assert (decision.status, decision.known) == ("revised", first)
    assert (decision.comparison.duplicate, decision.comparison.rule) == (True, "url")


@pytest.mark.parametrize("duplicate_of", [None, UUID(int=3)])
def test_a_copy_that_is_rewritten_as_another_one_is_a_copy_of_that(duplicate_of):
    pit = "Borealis Mining halts its northern pit"
    original = Known(UUID(int=7), UUID(int=8), draft())
    other = Known(UUID(int=5), UUID(int=6), draft(pit, "https://c.example.net/"), duplicate_of=duplicate_of)
    copy = Known(UUID(int=9), UUID(int=8), draft(url=OTHER_SITE), duplicate_of=UUID(int=7))
    batch = decider(original, other, copy)

    decision = batch.decide(draft(pit, OTHER_SITE))

    assert decision.status == "revised"
    assert copy.duplicate_of == (duplicate_of or UUID(int=5))
    assert copy.versions == [Version(copy.draft, 2, "revised", copy.duplicate_of)]
    assert batch.known == {copy.article_id: copy}


def test_a_copy_that_is_reworded_is_no_copy_of_itself():
    original = Known(UUID(int=7), UUID(int=8), draft())
    copy = Known(UUID(int=9), UUID(int=8), draft(url=OTHER_SITE), duplicate_of=UUID(int=7))

    decider(original, copy).decide(draft(ACME_TITLE.replace("forecast", "forecast by 5%"), OTHER_SITE))

    assert copy.duplicate_of is None


def test_a_copy_that_is_reworded_may_still_be_one():
    original = Known(UUID(int=7), UUID(int=8), draft())
    copy = Known(UUID(int=9), UUID(int=8), draft(url=OTHER_SITE), duplicate_of=UUID(int=7))

    decider(original, copy).decide(draft(ACME_TITLE + " again", OTHER_SITE))

    assert copy.duplicate_of == UUID(int=7)


def test_each_version_of_the_batch_is_remembered_as_an_older_one():
    titles = [ACME_TITLE, CUT, "Borealis Mining halts its northern pit", CUT]
    summaries = ["Orders doubled.", "Forecast lifted.", "Shares rose.", "Forecast lifted."]

    assert outcomes(*map(draft, titles)) == [CREATED, REVISED, REVISED, OLDER]
    assert outcomes(*(draft(summary=text) for text in summaries)) == [CREATED, REVISED, REVISED, OLDER]


def test_tickers_that_only_a_duplicate_names_revise_what_is_stored():
    stored = Known(UUID(int=7), UUID(int=8), draft(tickers=("ACME",)), duplicate_of=UUID(int=3))
    batch = decider(stored)

    decision = batch.decide(draft(tickers=("B", "ACME")))

    assert decision.status == "duplicate"
    assert (stored.draft.title, stored.draft.tickers) == (ACME_TITLE, ("ACME", "B"))
    assert stored.versions == [Version(stored.draft, 2, "revised", UUID(int=3))]
    assert batch.known == {UUID(int=7): stored}


def test_tickers_that_only_a_duplicate_names_join_the_version_of_the_batch():
    batch = decider()
    known = batch.decide(draft(tickers=("ACME",))).known
    batch.decide(draft(CUT + " again"))
    batch.decide(draft(CUT))

    batch.decide(draft(CUT, "https://wire.example.com/other", tickers=("B",)))

    versions = [(version.revision, version.state, version.draft.tickers) for version in known.versions]
    assert versions == [(1, "created", ("ACME",)), (2, "revised", ("ACME",)), (3, "revised", ("ACME", "B"))]
    assert known.draft is known.versions[-1].draft


PLANTS = "Acme to close two plants in Ohio"


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Acme to close plants in Ohio", "Acme to close two plants in northern Ohio"),
        ("Acme to close two plants in northern Ohio", "Acme to close two plants in northern rural Ohio"),
    ],
    ids=["one that says the same before one that has more in common", "the one that has more in common"],
)
def test_a_copy_is_of_the_article_that_is_closest(title, other):
    closest = Known(UUID(int=7), UUID(int=8), draft(title, minutes=5))
    further = Known(UUID(int=5), UUID(int=6), draft(other, "https://c.example.net/"))

    for stored in ((closest, further), (further, closest)):
        assert decider(*stored).decide(draft(PLANTS, OTHER_SITE)).match_id == UUID(int=7)


def test_novelty_of_a_new_story_counts_the_articles_of_the_batch():
    new = [Known(UUID(int=n), UUID(int=5), draft(minutes=n), is_new=True) for n in range(2)]

    set_novelty(new, {})

    assert [known.novelty for known in new] == [1.0, 0.75]
