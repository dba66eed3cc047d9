"""Entities are decoded for reading, and every place stays true in the text as it was written."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput
from nlp.texts.html_entities import decode, has_entities


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("AT&amp;T", "AT&T"),
        ("Apple&#39;s &quot;event&quot;", 'Apple\'s "event"'),
        ("a&nbsp;b &#x20AC;5", "a\xa0b \u20ac5"),
        ("&amp;amp;", "&amp;"),
        ("R&D; M&A &nosuchthing; &;", "R&D; M&A &nosuchthing; &;"),
        ("&#0;&#1;&#xD800;", "\ufffd\ufffd"),
    ],
)
def test_an_entity_is_decoded_once(written: str, read: str) -> None:
    assert decode(written).text == read


@given(st.lists(st.sampled_from(["&amp;", "&lt;", "&#39;", "&acE;", "&", ";", "a", " ", "é", "&#55296;", "&x"])))
def test_every_character_knows_where_it_was_written(parts: list[str]) -> None:
    found = decode("".join(parts))

    for index, letter in enumerate(found.text):
        start, end, written = found.written(index, index + 1)
        assert written == found.original[start:end]
        assert letter in html.unescape(written)


def test_a_text_without_entities_is_left_alone() -> None:
    assert not has_entities("R&D and M&A at AT&T; profit rises")
    assert has_entities("AT&amp;T")


def test_names_and_evidence_are_found_through_entities_in_every_field(analyser: TextAnalyser) -> None:
    plain = TextInput(
        "AT&T beats \u201cestimates\u201d", "Procter & Gamble's outlook", "<b>Johnson & Johnson</b> falls"
    )
    written = TextInput(
        "AT&amp;T beats &ldquo;estimates&rdquo;",
        "Procter &amp; Gamble&rsquo;s outlook",
        "&lt;b&gt;Johnson &amp; Johnson&lt;/b&gt; down",
    )

    (expected, found) = analyser.analyse([plain, written])

    assert {entity.ticker for entity in found.entities} >= {"T", "PG", "JNJ"}
    assert [entity.ticker for entity in found.entities] == [entity.ticker for entity in expected.entities]
    assert found.sentiment == expected.sentiment
    assert len(found.evidence) == len(expected.evidence) > 0
    fields = {"title": written.title, "summary": written.summary, "body": written.body}
    spans = [*found.evidence, *(mention for entity in found.entities for mention in entity.mentions)]
    assert all(fields[span.field][span.start : span.end] == span.text for span in spans)
    assert "AT&amp;T" in {span.text for span in spans}


def test_the_name_asked_about_may_be_written_with_entities(analyser: TextAnalyser) -> None:
    title = "AT&T rises while Verizon falls"

    (plain, written) = analyser.analyse([TextInput(title, entity="AT&T"), TextInput(title, entity="AT&amp;T")])

    assert plain.sentiment == written.sentiment
