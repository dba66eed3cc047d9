"""The chunks in which texts are given to the models."""

from hypothesis import given
from hypothesis import strategies as st

from nlp.analyser_thread import chunks
from nlp.text_input import TextInput

TEXT = st.integers(0, 40_000).map(lambda length: TextInput("t", body="x" * length))


def sizes(texts: list[TextInput], most_texts: int) -> list[int]:
    return [len(chunk) for chunk in chunks(texts, most_texts)]


def test_short_texts_fill_chunks_by_number() -> None:
    assert sizes([TextInput("Apple beats")] * 120, 50) == [50, 50, 20]


def test_long_texts_go_alone() -> None:
    assert sizes([TextInput("t", body="x" * 20_000)] * 3, 50) == [1, 1, 1]


def test_a_text_above_the_limit_still_goes() -> None:
    assert sizes([TextInput("t", body="x" * 90_000), TextInput("t")], 50) == [1, 1]


@given(st.lists(TEXT, max_size=30), st.integers(1, 10))
def test_every_text_is_in_one_chunk_in_order(texts: list[TextInput], most_texts: int) -> None:
    found = [text for chunk in chunks(texts, most_texts) for text in chunk]

    assert found == texts
    assert all(0 < len(chunk) <= most_texts for chunk in chunks(texts, most_texts))
