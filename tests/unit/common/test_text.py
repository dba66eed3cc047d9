"""Texts of the wire: a text that is too long ends in an ellipsis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.text import shortened


@pytest.mark.parametrize(
    ("text", "shown"), [("", ""), ("abcd", "abcd"), ("abcde", "abcde"), ("abcdef", "abcd…"), ("abcdefgh", "abcd…")]
)
def test_what_does_not_fit_ends_in_an_ellipsis(text: str, shown: str) -> None:
    assert shortened(text, 5) == shown


@given(text=st.text(), limit=st.integers(1, 20))
def test_a_shortened_text_fits_and_begins_as_the_text_does(text: str, limit: int) -> None:
    shown = shortened(text, limit)

    assert len(shown) <= limit
    assert shown == text or text.startswith(shown.removesuffix("…"))
