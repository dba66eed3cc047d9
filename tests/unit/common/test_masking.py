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


@given(st.text(alphabet="abc/@:?#%&=.-_1Aé[", max_size=60))
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
