import pytest
from hypothesis import given
from hypothesis import strategies as st

from news_ingestion.cleaning import clean_line, clean_paragraphs


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  Acme \t raises\n forecast ", "Acme raises forecast"),
        ("J&amp;J&#39;s profit", "J&J's profit"),
        ("Fed&amp;#8217;s view", "Fed's view"),
        ("<b>Acme</b> wins <a href='x'>deal</a>", "Acme wins deal"),
        ("one<br/>two<p>three</p>", "one two three"),
        ("<script>alert(1)</script>Acme", "Acme"),
        ("AMR CORP <AMR> SEES LOSS", "AMR CORP <AMR> SEES LOSS"),
        ("\u201cAcme\u2019s\u201d 52\u2011week high", '"Acme\'s" 52-week high'),
        ("zero\u200bwidth\u00a0space", "zerowidth space"),
        ("nul\x00byte", "nul byte"),
        ("   ", ""),
    ],
)
def test_line_becomes_plain_text(raw, clean):
    assert clean_line(raw) == clean


def test_paragraphs_stay_and_the_providers_cut_mark_goes():
    assert clean_paragraphs("<p>One  two</p><p>three</p> … [+4850 chars]") == "One two\nthree\n…"


@given(st.text(max_size=200))
def test_clean_text_without_markup_stays_as_it_is(text):
    clean = clean_line(text.replace("&", "").replace("<", ""))

    assert clean_line(clean) == clean
