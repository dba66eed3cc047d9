"""Texts come to the contextual tagger as sequences of word pieces, with how each word is written beside them."""

import pytest

from nlp.entities.gazetteer import fold
from nlp.entities.tagging.tokens import name_tokens
from nlp.entities.tagging.word_sequences import LONGEST, N_LISTED, SequenceEncoder, WordSequence, windows, written_form
from nlp.text_analyser import TextAnalyser


@pytest.fixture(scope="module")
def encoder() -> SequenceEncoder:
    return SequenceEncoder.load()


def sentences(encoder: SequenceEncoder, text: str) -> list[WordSequence]:
    return encoder.sentences(text, name_tokens(text), [])


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("profit", 1), ("Apple", 2), ("NVDA", 3), ("X", 4), ("U.S.", 4), ("iPhone", 5), ("McDonald", 5),
        ("2,400", 6), ("3D", 7), ("&", 8), ("Élan", 2), ("株", 5), ("O'Reilly", 5), ("AT&T", 3),
    ],
)  # fmt: skip
def test_a_words_form_says_how_it_is_written(word: str, form: int) -> None:
    assert written_form(word) == form


def test_every_piece_belongs_to_a_token_of_the_whole_text(encoder: SequenceEncoder) -> None:
    text = "Zylotech Systems fell. Kowalczyk resigned."
    words = name_tokens(text).words

    first, second = sentences(encoder, text)

    assert [words[token] for token in dict.fromkeys(first.tokens)] == ["Zylotech", "Systems", "fell", "."]
    assert [words[token] for token in dict.fromkeys(second.tokens)] == ["Kowalczyk", "resigned", "."]
    assert len(first.pieces) == len(first.tokens) == len(first.forms) == len(first.listed) > 4
    assert first.forms[:2] == [2, 2]


def test_what_the_gazetteer_knows_stands_beside_the_pieces(encoder: SequenceEncoder, analyser: TextAnalyser) -> None:
    text = "Microsoft and Zylotech meet in London"

    (found,) = encoder.sentences(text, name_tokens(text), analyser.gazetteer.find(fold(text)))

    by_token = dict(zip(found.tokens, found.listed, strict=True))
    assert by_token[0] != by_token[5] != 0 != by_token[0]
    assert by_token[2] == 0
    assert max(found.listed) < N_LISTED


def test_sentences_share_a_window_while_they_fit(encoder: SequenceEncoder) -> None:
    found = windows(sentences(encoder, "Profit rose at Apple. " * 40))

    assert 1 < len(found) < 40
    assert all(len(window.pieces) <= LONGEST for window in found)
    assert [token for window in found for token in window.tokens] == list(range(40 * 5))


def test_a_sentence_without_end_is_cut(encoder: SequenceEncoder) -> None:
    found = windows(sentences(encoder, "word " * 500))

    assert [len(window.pieces) for window in found] == [LONGEST] * 4 + [500 - 4 * LONGEST]


def test_a_batch_is_filled_up_to_its_longest_sequence(encoder: SequenceEncoder) -> None:
    batch = encoder.batch(sentences(encoder, "Apple fell. Apple fell again today."))

    assert batch.pieces.shape == batch.mask.shape == batch.forms.shape == batch.listed.shape == (2, 7)
    assert batch.mask.sum(axis=1).tolist() == [5, 7]
    assert (batch.pieces[0, 5:] == 0).all()
    assert batch.forms[0].tolist() == [0, 2, 1, 8, 0, 0, 0]
