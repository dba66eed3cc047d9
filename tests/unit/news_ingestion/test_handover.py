from datetime import UTC, datetime
from uuid import UUID

from pydantic_core import to_json

from common.contracts import Article
from news_ingestion.articles.draft import Item, clean_item
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
