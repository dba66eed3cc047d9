"""Tokens for names are the same in running text and in text whose tokens are already apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.entities.tagging.tokens import capital_runs, name_tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ford's shares", ["Ford", "'s", "shares"]),
        ("Wal-Mart Stores Inc.", ["Wal", "-", "Mart", "Stores", "Inc", "."]),
        ("AT&T and S&P 500", ["AT&T", "and", "S&P", "500"]),
        ("J.P. Morgan in the U.S.", ["J.P.", "Morgan", "in", "the", "U.S."]),
        ("O'Reilly sells 3D Systems", ["O'Reilly", "sells", "3D", "Systems"]),
        ("Amazon.com (NASDAQ: AMZN)", ["Amazon.com", "(", "NASDAQ", ":", "AMZN", ")"]),
        ("up 5.3% to 1,200", ["up", "5.3", "%", "to", "1,200"]),
    ],
)
def test_names_are_cut_where_the_tagger_learned_it(text: str, words: list[str]) -> None:
    assert name_tokens(text).words == words


@pytest.mark.parametrize(
    ("written", "apart"),
    [
        ("3D Systems Corp. (NYSE: DDD) fell.", "3D Systems Corp . ( NYSE : DDD ) fell ."),
        ("Wal-Mart\u2019s sales", "Wal - Mart \u2019s sales"),
    ],
)
def test_text_with_tokens_apart_gives_the_same_tokens(written: str, apart: str) -> None:
    assert name_tokens(written).words == name_tokens(apart).words


@given(st.text(max_size=80))
def test_tokens_stand_where_their_offsets_say(text: str) -> None:
    tokens = name_tokens(text)

    assert [text[start:end] for start, end in zip(tokens.starts, tokens.ends, strict=True)] == tokens.words
    assert "".join(tokens.words) == "".join(text.split())


def test_a_run_of_capitals_bridges_small_words() -> None:
    words = ["the", "Bank", "of", "America", "Corp", "said"]

    assert capital_runs(words) == [(0, 0), (1, 4), (1, 4), (1, 4), (1, 4), (5, 5)]
