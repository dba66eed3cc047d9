"""Addresses that strangers write: read to the end, or refused with a reason; never another error."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.outgoing.web_address import InvalidWebAddress, follow, origin, read_web_address

HERE = httpx.URL("https://feeds.example.com/news/rss?a=1")


@pytest.mark.parametrize(
    "text",
    [
        "http://xn--a/",
        "http://xn--/",
        "http://[fe80::1%25eth0]/",
        "http://[::1",
        "http://[v1.a]/",
        "http://example.com:99999/",
        "http://example.com:0/",
        "http://example.com:-1/",
        "http://example.com:x/",
        f"http://{'a' * 64}.example.com/",
        f"http://{'a.' * 127}com/",
        "http://a..example.com/",
        "http://-a.example.com/",
        "http://%00/",
        "http://a%20b/",
        "http://\u2100.example.com/",
        "http://example.com\\@inside/",
        "http://exam\x00ple.com/",
        "http://example.com/\ud800",
        "http://",
        "http:///path",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//example.com/",
        "example.com",
        "",
        f"http://example.com/{'a' * 9_000}",
    ],
)
def test_what_is_no_address_of_a_host_is_refused(text):
    with pytest.raises(InvalidWebAddress):
        read_web_address(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://example.com", ("http", "example.com", 80)),
        ("HTTPS://Example.COM:8443/a?b#c", ("https", "example.com", 8443)),
        ("https://user:word@example.com./", ("https", "example.com.", 443)),
        ("https://b\u00fccher.example/", ("https", "xn--bcher-kva.example", 443)),
        ("http://under_score.example.com/", ("http", "under_score.example.com", 80)),
        ("http://[2606:4700::1111]:80/", ("http", "2606:4700::1111", 80)),
        ("http://127.0.0.1/", ("http", "127.0.0.1", 80)),
    ],
)
def test_an_address_is_read(text, expected):
    assert origin(read_web_address(text)) == expected


@given(
    st.one_of(st.text(), st.text().map(lambda text: f"http://{text}"), st.text().map(lambda text: f"http://a:{text}"))
)
def test_reading_raises_nothing_else_and_what_is_read_can_be_shown(text):
    try:
        url = read_web_address(text)
    except InvalidWebAddress:
        return

    str(url).encode("ascii")
    assert url.host
    assert 0 < origin(url)[2] < 65_536


@given(st.one_of(st.text(), st.text().map(lambda text: f"//{text}"), st.text().map(lambda text: f"http://xn--{text}")))
def test_following_raises_nothing_else(location):
    try:
        assert follow(HERE, location).scheme in {"http", "https"}
    except InvalidWebAddress:
        return


def test_relative_redirects_are_followed_from_where_they_came():
    assert str(follow(HERE, "../other")) == "https://feeds.example.com/other"
    assert str(follow(HERE, "//elsewhere.example/x")) == "https://elsewhere.example/x"
