"""Feeds in any encoding that a stranger names, and prologues that are made to multiply."""

import encodings.aliases
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from news_ingestion.providers.provider_errors import ProviderError
from tests.emulators.feeds import ATOM, RSS
from tests.feeds import read_feed

WORD = "M\u00fcnchen \u20ac"


def feed(title: str, declared: str | None = None, prologue: str = "") -> str:
    named = f' encoding="{declared}"' if declared else ""
    return (
        f'<?xml version="1.0"{named}?>{prologue}<rss version="2.0"><channel><title>t</title>'
        f"<item><title>{title}</title><link>http://a.example/1</link></item></channel></rss>"
    )


def title_of(content: bytes, content_type: str | None = "application/xml") -> str | None:
    (item,) = read_feed(content, content_type=content_type).items
    return item.title


@pytest.mark.parametrize("name", ["utf-8", "utf-16", "utf-16-le", "utf-32", "cp1252", "iso8859-15", "gb18030"])
def test_a_feed_is_read_in_the_encoding_that_it_declares(name):
    assert title_of(feed(WORD, name).encode(name)) == WORD


def test_the_header_wins_over_the_declaration_and_a_mark_over_both():
    assert title_of(feed(WORD, "iso-8859-1").encode(), "text/xml; charset=UTF-8") == WORD
    assert title_of(feed(WORD, "iso-8859-1").encode("utf-8-sig"), "text/xml; charset=latin-1") == WORD


def test_without_a_word_on_it_utf_8_is_tried_first():
    assert title_of(feed(WORD).encode(), None) == WORD
    assert title_of(feed(WORD).encode("cp1252"), "text/xml") == WORD


@pytest.mark.parametrize(
    "name", sorted({*encodings.aliases.aliases.values(), "undefined", "idna", "punycode", "no-such"})
)
def test_no_codec_of_python_can_be_named_to_harm(name):
    for content, header in ((RSS, f"text/xml; charset={name}"), (RSS.replace(b"UTF-8", name.encode()), "text/xml")):
        read_feed(content, content_type=header)


@given(st.binary(max_size=300), st.text(max_size=60))
def test_any_bytes_under_any_header_are_read_or_refused(content, header):
    for whole in (content, RSS[:200] + content + RSS[200:]):
        with suppress(ProviderError):
            read_feed(whole, content_type=header, url="http://a.example/")


@given(st.text(max_size=60), st.integers(-1, 10**30), st.sampled_from(["&#{};", "&#x{:x};", "&#{}"]))
def test_any_reference_to_a_character_can_be_stored(text, number, form):
    try:
        title = title_of(feed(f"a{form.format(number)}b").encode())
    except ProviderError:
        return
    assert title is not None
    title.encode()
    assert "\0" not in title


def test_entities_that_multiply_are_not_expanded():
    levels = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    laughs = feed("&j;", prologue=f'<!DOCTYPE rss [<!ENTITY a "ha">{levels}]>')
    blowup = feed("&a;" * 20_000, prologue=f'<!DOCTYPE rss [<!ENTITY a "{"x" * 50_000}">]>')

    assert len(title_of(laughs.encode()) or "") < 100
    assert len(title_of(blowup.encode()) or "") <= 80_000


def test_files_and_other_hosts_are_not_read_by_entities():
    feeds = [
        feed("a&e;b", prologue=f'<!DOCTYPE rss [<!ENTITY e SYSTEM "{url}">]>')
        for url in ("file:///etc/passwd", "http://a/")
    ]

    assert all("root" not in (title_of(each.encode()) or "") for each in feeds)


def test_small_entities_that_a_feed_declares_are_read():
    prologue = '<!DOCTYPE rss [\n<!ENTITY euro "&#8364;">\n<!ENTITY acme "Acme">\n]>'

    assert title_of(feed("&acme; &euro;", prologue=prologue).encode()) == "Acme \u20ac"


def test_a_feed_of_too_many_entries_is_refused():
    entry = b"<item><title>t</title></item>"

    with pytest.raises(ProviderError, match="too_many_entries"):
        read_feed(RSS.replace(b"<item>", entry * 5_001 + b"<item>", 1))
    assert len(read_feed(ATOM, content_type="application/atom+xml").items) == 1
