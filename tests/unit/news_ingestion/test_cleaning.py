import pytest
from hypothesis import given
from hypothesis import strategies as st

from news_ingestion.articles.cleaning import clean_line, clean_paragraphs


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
        ("profit <5%, loss >3%", "profit <5%, loss >3%"),
        ("a < b and b > a", "a < b and b > a"),
        ("EPS <a year ago", "EPS <a year ago"),
        ("x <3 Acme <-- sale", "x <3 Acme <-- sale"),
        ("<script bare words", "<script bare words"),
        ("Acme<script>let a = '<b>' < 1 && '</p>'</script> wins", "Acme wins"),
        ("Acme <style>p { color: red", "Acme"),
        ("Acme <!-- <b>not</b> seen --> wins", "Acme wins"),
        ("Acme <!-- cut off", "Acme"),
        ("<a title='a > b' href=\"<x>\">Acme</a>", "Acme"),
        ("<B CLASS=x>Acme</B>", "Acme"),
        ("Acme <img src='https://cdn.exam", "Acme"),
        ("Acme <img width=1 src='https://cdn.exam", "Acme"),
        ("&lt;b&gt;Acme&lt;/b&gt; &amp;lt;3", "Acme <3"),
        ("&amp;amp;lt;b&gt;", "&lt;b>"),
        ("a &#" + "9" * 5_000 + "; b", "a \ufffd b"),
        ("lone \ud800 half <b>x</b>", "lone half x"),
    ],
)
def test_line_becomes_plain_text(raw, clean):
    assert clean_line(raw) == clean


def test_paragraphs_stay_and_the_providers_cut_mark_goes():
    assert clean_paragraphs("<p>One  two</p><p>three</p> … [+4850 chars]") == "One two\nthree\n…"


def test_heaps_of_marks_on_a_letter_are_cut():
    assert len(clean_line("a" + "\u0315\u0300" * 50)) <= 31
    assert clean_line("Ame\u0301lie") == "Am\u00e9lie"


@given(st.text(alphabet="<>/!-&;='\" ab\npdivscrt\u0300\x00", max_size=200))
def test_no_text_breaks_cleaning_nor_the_texts_after_it(text):
    assert "\n" not in clean_line(text)

    assert clean_line("<b>Acme</b> wins<br>a deal") == "Acme wins a deal"


@given(st.text(max_size=200))
def test_clean_text_without_markup_stays_as_it_is(text):
    clean = clean_line(text.replace("&", "").replace("<", ""))

    assert clean_line(clean) == clean
