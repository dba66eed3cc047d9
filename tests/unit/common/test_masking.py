"""Addresses as they are shown: nothing in them that opens something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.secrets.masking import masked_feed, masked_webhook, without_addresses

# Of the forms that providers give out.
SECRETS = {
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX": ["T00000000", "XXXXXXXXXXXX"],
    "https://discord.com/api/webhooks/1096123456789012345/aBcD-eFgH_iJkL": ["1096123456789012345", "aBcD-eFgH_iJkL"],
    "https://api.telegram.org/bot123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11/sendMessage": ["123456:ABC", "zyx57W2v1u"],
    "https://acme.webhook.office.com/webhookb2/3f2b@9d1c/IncomingWebhook/6e8a0b/77": ["3f2b@9d1c", "6e8a0b"],
    "https://reader:pass-word@feeds.example/rss": ["reader", "pass-word"],
    "https://feeds.example/rss.xml?token=letmein&x=1": ["letmein", "token"],
    "https://feeds.example/private/8f14e45fceea167a5a36dedd4bea2543/rss.xml": ["8f14e45f"],
    "https://feeds.example/private/kJhGfDsAqWeRtYuIoP/rss": ["kJhGfDsAqWeRtYuIoP"],
    "https://feeds.example/%73ecret9token/rss#fragment": ["ecret9token", "fragment"],
}


@pytest.mark.parametrize("url", SECRETS)
def test_no_part_that_opens_something_is_shown(url: str) -> None:
    for secret in SECRETS[url]:
        assert secret not in masked_webhook(url)
        assert secret not in masked_feed(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://feeds.a.dj.com/rss/RSSMarketsMain.xml",
        "https://rss.nytimes.com/services/xml/rss/nyt/Business.xml",
        "http://127.0.0.1:8080/feeds/2026/03/market-news.atom",
        "https://www.sec.gov/rss/2.0/headline",
    ],
)
def test_of_a_public_feed_everything_is_shown(url: str) -> None:
    assert masked_feed(url) == url


KEYS = [
    "zxqvkwpmhtrbgdnf", "QWRTPSDFGHJKLZXCV", "b7k2m9x4", "x8Kd2LqP0s", "11223344556677", "555-0199-2030-8841-77",
    "0badc0de-feed-dead-beef-c0ffee00cafe", "cafebabe", "FACEFEED-DECADE", "a1b2c3d4", "deadbeefdeadbeef",
    "feed;jsessionid=abcdef", "feed;v=1", "feed=today", "news%2Dtoday", "v1:today", "dGhpc2lzYWtleQ",
    "kqzv-wmxp-jhtr-bnsd", "xk.qz.vw.mj", "ZZZZZZZZ", "uuuu-vvvv-wwww", "aBcDeFgHiJkL", "sk_live_4eC39HqLyjW",
    "nPqRsTvWxYz", "hjkl12hjkl", "ghp_16C7e42F292c", "u-92837410923", "qwfpgjlyarstdhne", "ünïcödé",
    "c2VjcmV0LWtleQ==",
]  # fmt: skip
READABLE = [
    "id/100003114/device/rss/rss.html", "rssindex", "feed/rss2.0", "feeds/rss/news-releases", "cgi-bin/browse-edgar",
    "news/rss/headline", "rss/topstories", "xml/rss/nyt/Technology.xml", "feed/rssoutbound", "rss/cnn_topstories.rss",
    "money_latest.rss", "public/resources/documents/rss.xml", "feeds/stock-market/latest.rdf", "blog/feed.atom",
    "~economist/index.xml", "@reporter/feed", "2026/03/02/markets", "wp/feed", "feed.json", "rss/v2/companies.php",
    "finance/rss/mostactive", "en-us/news/business", "services/feeds/atom10.xml", "syndication/press-releases",
    "investing/commodities/oil.rss", "wirtschaft/nachrichten.rss", "economie/bourse", "q3-2026-results.xml",
    "rss/RSSWorldNews.xml", "MarketPulse/TopStories",
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_what_may_be_a_key_is_hidden(key: str) -> None:
    assert masked_feed(f"https://feeds.example/news/{key}/rss.xml") == "https://feeds.example/news/***/rss.xml"


@pytest.mark.parametrize("path", READABLE)
def test_an_ordinary_address_is_readable(path: str) -> None:
    assert masked_feed(f"https://feeds.example/{path}") == f"https://feeds.example/{path}"


@pytest.mark.parametrize("before", ["private", "Token", "key", "auth"])
def test_what_stands_where_keys_stand_is_hidden_though_it_reads_as_words(before: str) -> None:
    url = f"https://feeds.example/{before}/correct-horse-battery/rss"

    assert masked_feed(url) == f"https://feeds.example/{before}/***/rss"


@pytest.mark.parametrize(
    "before",
    [
        "api_key",
        "mytoken",
        "user-token",
        "userToken",
        "user-secret",
        "API-KEY",
        "token2",
        "key_id",
        "access-token-v2",
    ],
)
def test_what_stands_behind_a_name_of_a_key_is_hidden(before: str) -> None:
    assert masked_feed(f"https://feeds.example/{before}/Hello/feed") == f"https://feeds.example/{before}/***/feed"


@pytest.mark.parametrize("path", ["private-equity/news", "key-figures/markets", "token-sales/news", "hockey/scores"])
def test_a_section_that_only_begins_with_such_a_word_hides_nothing(path: str) -> None:
    assert masked_feed(f"https://feeds.example/{path}") == f"https://feeds.example/{path}"


def test_a_key_in_several_segments_is_hidden() -> None:
    assert masked_feed("https://feeds.example/8347/2983/4729/8347/rss") == "https://feeds.example/***/***/***/***/rss"


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=24, max_size=24))
def test_letters_by_chance_are_no_words(letters: str) -> None:
    assert letters not in masked_feed(f"https://feeds.example/{letters}")


@given(st.text(alphabet="abcxq/@:?#%&=;.-_~1Aé[", max_size=60))
def test_masking_twice_changes_nothing(rest: str) -> None:
    for mask in (masked_feed, masked_webhook):
        url = f"https://host.example/{rest}"
        assert mask(mask(url)) == mask(url)


def test_of_a_webhook_only_the_host_is_shown() -> None:
    assert masked_webhook("https://user:pw@hooks.example:8443/t/letmein?x=y") == "https://hooks.example:8443/***"
    assert masked_webhook("https://hooks.example") == "https://hooks.example"


def test_a_message_keeps_its_words_and_loses_its_addresses() -> None:
    shown = without_addresses("cannot reach https://user:pw@hooks.example/t/letmein: refused")

    assert shown == "cannot reach https://hooks.example/*** refused"
