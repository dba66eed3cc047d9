import pytest
from hypothesis import given
from hypothesis import strategies as st

from news_ingestion.articles.canonical_url import InvalidURLError, canonical_url, domain_of


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://WWW.Example.com:80/News/", "https://example.com/News"),
        ("https://example.com:443", "https://example.com"),
        ("https://example.com:8443/a", "https://example.com:8443/a"),
        ("https://m.example.com/a?b=2&a=1#frag", "https://example.com/a?a=1&b=2"),
        ("https://example.com/a?utm_source=x&fbclid=y&id=7", "https://example.com/a?id=7"),
        ("https://example.com/a/amp/", "https://example.com/a"),
        ("https://amp.example.com/a.amp.html", "https://example.com/a.html"),
        ("https://www.google.com/amp/s/www.example.com/a", "https://example.com/a"),
        ("https://example-com.cdn.ampproject.org/c/s/example.com/a", "https://example.com/a"),
        ("https://www.google.com/amp/s/www.example.com:8443/a", "https://example.com:8443/a"),
        ("https://www.google.com/amp/s/www.google.com/amp/s/example.com/a", "https://example.com/a"),
        ("https://finance.example.com/x.html?.tsrc=rss", "https://finance.example.com/x.html"),
        ("https://example.com/caf%C3%A9?q=", "https://example.com/caf%C3%A9?q="),
        ("https://example.com/café?q=", "https://example.com/caf%C3%A9?q="),
        ("https://bücher.example/", "https://xn--bcher-kva.example"),
        ("http://[2001:DB8::1]:80/a", "https://[2001:db8::1]/a"),
        ("https://m.de/a", "https://m.de/a"),
    ],
)
def test_addresses_of_one_page_become_one(url, canonical):
    assert canonical_url(url) == canonical


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/a",
        "ftp://example.com",
        "https://",
        "https://user:key@example.com",
        "http://a:port/",
        "https://www.google.com/amp/s/[x.y/p",
        "https://www.google.com/amp/s/u:p@x.y/",
        "https://www.google.com/amp/s/x.y:99999/p",
        "https://x-y.cdn.ampproject.org/c/s/[x.y]:1/p",
        "x" * 2_049,
    ],
)
def test_what_is_no_page_is_refused(url):
    with pytest.raises(InvalidURLError):
        canonical_url(url)


def test_domain_has_neither_port_nor_www():
    assert domain_of(canonical_url("https://www.example.com:8443/a?b=c")) == "example.com"


@given(
    st.sampled_from(["www.example.com", "m.example.co.uk", "EXAMPLE.com:80", "amp.m.example.com"]),
    st.text(st.characters(exclude_characters="?#\\", exclude_categories=["Cs", "Cc"]), max_size=30),
    st.text(st.characters(exclude_characters="#", exclude_categories=["Cs", "Cc"]), max_size=30),
)
def test_canonical_form_is_stable(host, path, query):
    canonical = canonical_url(f"http://{host}/{path}?{query}")

    assert canonical_url(canonical) == canonical


@given(
    st.sampled_from(["www.google.com/amp/s/", "google.com/amp/", "x.cdn.ampproject.org/c/s/"]),
    st.text(
        st.one_of(
            st.sampled_from("[]:@%.x"), st.characters(exclude_characters="?#\\", exclude_categories=["Cs", "Cc"])
        ),
        max_size=20,
    ),
)
def test_an_address_within_an_address_is_refused_or_one_itself(viewer, inner):
    try:
        canonical = canonical_url(f"https://{viewer}{inner}.y/p")
    except InvalidURLError:
        return

    domain_of(canonical)
    assert canonical_url(canonical) == canonical
