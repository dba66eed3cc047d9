"""Tokens keep their place; forms lose what a model should not learn."""

from hypothesis import given
from hypothesis import strategies as st

from nlp.texts.tokens import forms, offsets, raw_tokens


def test_forms_generalise_numbers_cashtags_and_links() -> None:
    text = "$AAPL up 4.5% to 1200, see https://t.co/Ab1"

    assert forms(text) == ["<cashtag>", "up", "0", "%", "to", "00", ",", "see", "<link>"]


def test_typographic_apostrophes_are_plain_ones() -> None:
    assert forms("Macy\u2019s didn\u2019t") == ["macy's", "didn't"] == forms("Macy's didn't")


def test_ascii_and_other_text_give_the_same_tokens() -> None:
    text = "Profit of Nokia's unit up 12.5 % - beats $NOK's view (by $3)"

    assert forms(text + " é")[:-1] == forms(text)


@given(st.text(max_size=200))
def test_offsets_point_at_the_tokens(text: str) -> None:
    if "http" in text or "\x00" in text:
        return
    raw = raw_tokens(text)

    assert [text[start : start + len(token)] for start, token in zip(offsets(text, raw), raw, strict=True)] == raw


def test_offsets_are_true_after_a_link() -> None:
    text = "see http://x.y/z now now"
    raw = raw_tokens(text)

    assert offsets(text, raw) == [0, 4, 17, 21]
