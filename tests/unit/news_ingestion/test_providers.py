import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from news_ingestion.articles.draft import Draft, Item, clean_item
from news_ingestion.providers.newsapi.provider import NewsAPIProvider
from news_ingestion.providers.newsapi.response import parse_page
from news_ingestion.providers.provider import Fetched, SourceState
from news_ingestion.providers.provider_client import Reply
from news_ingestion.providers.provider_errors import ProviderError
from news_ingestion.settings import Settings
from tests.emulators.feeds import ATOM, RSS
from tests.feeds import read_feed


def cleaned(item: Item) -> Draft:
    return clean_item(item, received_at=datetime(2026, 3, 2, 18, tzinfo=UTC))


def test_rss_items_are_read_with_ttl_and_language():
    feed = read_feed(RSS, url="https://wire.example.com/rss", content_type="application/rss+xml")

    assert (feed.ttl_seconds, feed.is_cut, feed.is_feed) == (1_800, False, True)
    first, second, untitled = feed.items
    assert first.published_at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert (cleaned(first).language, first.source_name) == ("en", "Example Wire")
    assert second.summary is None
    assert (untitled.title, untitled.published_at) == (None, None)


BROKEN = RSS.replace(b"halts", b"halts & <b>")


@pytest.mark.parametrize(
    ("body", "is_cut"),
    [
        (RSS, False),
        (BROKEN, False),
        (BROKEN + b"<!-- made in 3 ms -->", False),
        (RSS.replace(b"</rss>", b"</rss\n>"), False),
        (ATOM.replace(b"<title>", b"<x:y/><title>"), False),
        (RSS[: RSS.index(b"02 Mar 2026 13")], True),
        (RSS[: RSS.index(b"<item>", 300)], True),
        (RSS[: RSS.index(b"</channel>")], True),
        (BROKEN[:-20], True),
        (ATOM[:-30], True),
        (RSS[:-20] + b"<![CDATA[ more", True),
    ],
)
def test_a_feed_without_its_end_is_cut(body, is_cut):
    feed = read_feed(body)

    assert (feed.is_cut, feed.is_feed) == (is_cut, True)
    assert feed.items


def test_filing_is_listed_once_under_the_company_it_is_about():
    (filing,) = read_feed(ATOM, content_type="application/atom+xml").items

    assert filing.title == "4 - Acme Robotics Inc. (0000000002) (Issuer)"
    assert filing.published_at == datetime(2026, 3, 2, 14, tzinfo=UTC)


def test_publisher_named_in_source_leaves_the_title():
    body = b"""<rss version="2.0"><channel><title>News search</title>
    <item><title>Acme lifts forecast - Example Wire</title>
    <link>https://news.example.com/x</link>
    <source url="https://wire.example.com">Example Wire</source></item></channel></rss>"""

    (item,) = read_feed(body).items

    assert (item.title, item.source_name) == ("Acme lifts forecast", "Example Wire")


def test_tickers_and_relative_links_are_read():
    body = b"""<rss version="2.0" xmlns:nasdaq="https://www.nasdaq.com/"><channel><item><title>Acme</title>
    <link>/articles/acme</link><nasdaq:tickers>ACME,bore, not a ticker</nasdaq:tickers></item></channel></rss>"""

    (item,) = read_feed(body, url="https://www.example.com/feed").items

    assert cleaned(item).tickers == ("ACME", "BORE")
    assert item.url == "https://www.example.com/articles/acme"


@pytest.mark.parametrize("body", [b"", b"<html><body>no</body></html>", b"\x00\xff", b'{"a": 1}'])
def test_what_is_no_feed_has_no_items(body):
    feed = read_feed(body)

    assert not feed.is_feed
    assert feed.items == ()


@pytest.mark.parametrize("cut", range(40, len(RSS), 60))
def test_feed_cut_anywhere_is_read_as_far_as_it_goes(cut):
    assert len(read_feed(RSS[:cut]).items) <= 3


def test_malformed_feeds_do_no_harm(shared_data):
    feeds = {file.name: read_feed(file.read_bytes()) for file in (shared_data / "feeds" / "malformed").iterdir()}

    assert feeds["rss_item_link_corrupted_ampersands.xml"].items[0].url == "http://link/get?a=1&b=2"
    assert feeds["rdf_channel_empty_textinput.xml"].items[0].title == "crashes here"
    assert not feeds["rss_empty_document.xml"].is_feed


def page(*articles, **fields):
    return json.dumps({"status": "ok", "totalResults": len(articles), "articles": articles, **fields}).encode()


def test_newsapi_article_may_lack_everything_but_its_address():
    bare = {"url": "https://example.com/a", "title": None, "author": "", "source": None, "publishedAt": "soon"}

    (item,) = parse_page(200, page(bare), language="en").items

    assert (item.url, item.title, item.author, item.published_at) == ("https://example.com/a", None, None, None)
    assert item.language == "en"


def test_removed_articles_are_left_out():
    assert parse_page(200, page({"title": "[Removed]", "url": "https://removed.com"}, "noise")).items == ()


def test_total_may_be_larger_than_the_page():
    assert parse_page(200, page(totalResults=4_321)).total_results == 4_321


def test_a_newsapi_page_of_more_articles_than_were_asked_for_is_refused_before_anything_is_made_of_them():
    full = page(*[{"title": "x", "url": "https://x.example/1"}] * 100)

    assert len(parse_page(200, full).items) == 100
    with pytest.raises(ProviderError) as caught:
        parse_page(200, b'{"status": "ok", "articles": [' + b"{}," * 100 + b"{}]}")
    assert (caught.value.problem, caught.value.code) == ("too_large", "too_many_articles")


@pytest.mark.parametrize(
    ("status", "body", "problem", "code"),
    [
        (429, {"status": "error", "code": "rateLimited"}, "quota", "rateLimited"),
        (426, {"status": "error", "code": "maximumResultsReached"}, "cap", "maximumResultsReached"),
        (401, {"status": "error", "code": "apiKeyInvalid"}, "auth", "apiKeyInvalid"),
        (200, {"status": "error", "code": "parameterInvalid"}, "request", "parameterInvalid"),
        (400, {"status": "error", "code": "brandNew"}, "request", "brandNew"),
        (418, {"status": "error", "code": "brandNew"}, "unknown", "brandNew"),
        (503, "<html>", "unavailable", "status_503"),
        (200, [], "malformed", "status_200"),
        (200, {"status": "ok"}, "malformed", "articles_missing"),
    ],
)
def test_newsapi_errors_have_a_meaning(status, body, problem, code):
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()

    with pytest.raises(ProviderError) as caught:
        parse_page(status, content)

    assert (caught.value.problem, caught.value.code) == (problem, code)


def test_recorded_newsapi_bodies_are_read(shared_data):
    folder = shared_data / "feeds" / "newsapi"

    top = parse_page(200, (folder / "top_headlines_ok.json").read_bytes())

    assert (len(top.items), top.total_results) == (20, 35)
    assert parse_page(200, (folder / "everything_ok_empty.json").read_bytes()).items == ()
    for file in folder.glob("error_*.json"):
        with pytest.raises(ProviderError):
            parse_page(int(file.name.split("_")[1]), file.read_bytes())


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_no_page_and_no_crash(content):
    try:
        parse_page(200, content)
    except ProviderError as error:
        assert error.problem == "malformed"  # noqa: PT017 - whether it raises depends on the bytes
    assert timedelta(0) == timedelta(0)


class OneAnswer:
    """A client that has every answer at once: whoever asks it does not wait."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def get(self, url: str, *_: object, **__: object) -> Reply:
        return Reply(200, {}, self._content, url, 0.0)


@pytest.mark.parametrize(("n_characters", "is_beside"), [(100, False), (100_000, True)])
async def test_a_large_newsapi_page_is_read_beside_the_loop(n_characters, is_beside):
    content = page({"title": "x" * n_characters, "url": "https://x.example/1"})
    source = SourceState(uuid4(), None, {"endpoint": "top-headlines", "country": "us"}, 300.0)
    provider, fetched = NewsAPIProvider(Settings(newsapi_key="a-key")), Fetched()
    other = asyncio.create_task(asyncio.sleep(0))

    await provider.fetch(source, OneAnswer(content), datetime.now(UTC), fetched)

    assert len(fetched.items) == 1
    assert other.done() == is_beside
