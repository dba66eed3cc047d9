from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import example
from hypothesis import given as generated
from hypothesis import strategies as st
from pydantic_core import to_json

from common.contracts import Article
from news_ingestion.articles.draft import Item, RejectedItemError, clean_item
from news_ingestion.deduplication.decisions import Known
from news_ingestion.ingestion import document

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def known(**given):
    item = Item("Acme Robotics lifts forecast", "https://wire.example.com/a", NOON, **given)
    return Known(UUID(int=1), UUID(int=2), clean_item(item, received_at=NOON), novelty=0.75)


def test_article_handed_on_fits_its_contract():
    article = known(
        body="The body.", author="A. Writer", source_id="wire", source_name="Wire", language="en", tickers=("ACME",)
    )

    read = Article.model_validate_json(to_json(document(article, NOON)))

    assert read.model_dump(exclude={"source"}) == {
        "article_id": UUID(int=1),
        "revision": 1,
        "state": "created",
        "story_id": UUID(int=2),
        "title": "Acme Robotics lifts forecast",
        "body": "The body.",
        "summary": None,
        "url": "https://wire.example.com/a",
        "author": "A. Writer",
        "language": "en",
        "tickers": ["ACME"],
        "published_at": NOON,
        "received_at": NOON,
        "novelty": 0.75,
    }
    assert (read.source.id, read.source.name) == ("wire", "Wire")


def test_source_without_a_name_is_the_site():
    read = Article.model_validate(document(known(), NOON))

    assert (read.source.id, read.source.name) == (None, "wire.example.com")


@pytest.mark.parametrize(
    ("told", "language"),
    [
        ("en", "en"), ("en-US", "en"), ("EN_gb", "en"), (" de\n", "de"), ("zh-Hans-CN", "zh"), ("fil", "fil"),
        ("english", None), ("x" * 5_000, None), ("x-klingon", None), ("e", None), ("", None), ("én", None), ("*", None),
    ],
)  # fmt: skip
def test_language_is_the_code_that_its_tag_begins_with(told, language):
    assert known(language=told).draft.language == language


def test_tickers_that_are_none_are_left_out():
    told = ("brk.b", "brk b", " ACME\n", "acme", "", "TOO.LONG.BY.ONE", "$TSLA", "BF-B", "0700.HK")

    assert known(tickers=told).draft.tickers == ("BRK.B", "ACME", "BF-B", "0700.HK")


def test_a_time_without_a_zone_is_rejected():
    item = Item("Acme Robotics lifts forecast", "https://wire.example.com/a", datetime(2026, 3, 2, 10))  # noqa: DTZ001

    with pytest.raises(RejectedItemError) as caught:
        clean_item(item, received_at=NOON)

    assert caught.value.code == "published_without_zone"


ANYTHING = st.text(alphabet=st.characters(), max_size=40)
LONG = st.builds(str.__mul__, st.sampled_from(["x", "é ", "<b>", "&amp;", "\ud800", "\0", "A"]), st.integers(1, 3_000))
TEXT = st.none() | ANYTHING | LONG
HOSTS = st.sampled_from(["wire.example.com", "a" * 300 + ".com", ".", "..", "[::1]", "münchen.example", "x:99", "www."])
ITEMS = st.builds(
    Item,
    title=st.just("Acme lifts forecast") | TEXT,
    url=HOSTS.map("https://{}/a".format) | st.builds("http://{}/{}".format, HOSTS | ANYTHING, ANYTHING | LONG) | TEXT,
    published_at=st.none()
    | st.datetimes(datetime(1899, 12, 30), datetime(2026, 3, 3), timezones=st.timezones())  # noqa: DTZ001
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.sampled_from([datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]),
    body=TEXT,
    summary=TEXT,
    author=TEXT,
    source_id=TEXT,
    source_name=TEXT,
    language=st.sampled_from(["en-US", "EN"]) | TEXT,
    tickers=st.lists(st.sampled_from(["ACME", "brk b"]) | ANYTHING | LONG, max_size=3).map(tuple)
    | st.integers(99, 120).map(lambda n: tuple(f"T{number}" for number in range(n))),
)


@generated(ITEMS)
@example(Item("Acme lifts forecast", "https://" + "a" * 300 + ".com/", NOON))
@example(Item("Acme lifts forecast", "https://./", NOON))
def test_whatever_a_provider_brings_is_rejected_or_fits_the_contract(item):
    try:
        draft = clean_item(item, received_at=NOON)
    except RejectedItemError:
        return
    handed_on = document(Known(UUID(int=1), UUID(int=2), draft), NOON)

    read = Article.model_validate_json(to_json(handed_on))

    assert read.published_at <= NOON + timedelta(days=1)
