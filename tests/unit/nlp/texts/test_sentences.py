"""Sentences end where sentences end, not at abbreviations."""

from hypothesis import given
from hypothesis import strategies as st

from nlp.texts.sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [text[sentence.start : sentence.end] for sentence in split_sentences(text)]


def test_each_sentence_is_found_with_its_offsets() -> None:
    text = "Profit rose.  Sales fell! Was it the dollar? Nobody knows."

    assert sentences(text) == ["Profit rose.", "Sales fell!", "Was it the dollar?", "Nobody knows."]


def test_abbreviations_and_initials_do_not_end_a_sentence() -> None:
    text = "Apple Inc. hired J. Smith of the U.S. Treasury. The market shrugged."

    assert sentences(text) == ["Apple Inc. hired J. Smith of the U.S. Treasury.", "The market shrugged."]


def test_decimal_points_do_not_end_a_sentence() -> None:
    assert sentences("It rose 4.5 percent to 10.2 mln dlrs") == ["It rose 4.5 percent to 10.2 mln dlrs"]


def test_an_empty_line_ends_a_sentence() -> None:
    assert sentences("A title without a stop\n\nThen the text") == ["A title without a stop", "Then the text"]


@given(st.text(max_size=300))
def test_sentences_never_overlap_and_stay_inside_the_text(text: str) -> None:
    end = 0
    for sentence in split_sentences(text):
        assert end <= sentence.start < sentence.end <= len(text)
        end = sentence.end


def test_an_abbreviation_learned_from_text_ends_no_sentence():
    text = "The plant in Grand Rapids, Mich. Monday halted output. Work resumes in May."

    found = [text[sentence.start : sentence.end] for sentence in split_sentences(text)]

    assert found == ["The plant in Grand Rapids, Mich. Monday halted output.", "Work resumes in May."]
