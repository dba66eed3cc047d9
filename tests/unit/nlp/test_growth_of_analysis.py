"""Twice a hostile text takes the whole analysis about twice as long, up to as much of it as is read."""

import pytest

from nlp.text_analyser import TextAnalyser
from nlp.text_input import TextInput
from tests.growth import growth, is_too_steep

PIECES = [
    "a", "A", " ", ".", "1", "(", '"', "é", "株", "a ", "A ", "A.", "A. ", "Acme Corp ", "Acme Inc. ", "AT&T ",
    "Mr. A ",
    "Acme, ", "Acme and ", "Acme's ", "Jane Roe ", "1% ", "$1 million ", "NYSE:A ", "(A) ", "$A ", "not ", "&amp; ",
    "buys Acme ", "CEO of Acme ", "up 1% to $2; ", "Apple sues Tesla. ", "interim ", "Yes! ", "from $1 to $2 ",
]  # fmt: skip


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_twice_a_hostile_text_takes_about_twice_as_long(analyser: TextAnalyser, piece: str):
    def text(size: int) -> TextInput:
        repeated = piece * (size // len(piece))
        return TextInput(
            title=f"Apple beats estimates {repeated[: size // 4]}", body=f"Shares of Apple rose. {repeated}"
        )

    found = growth(lambda given: analyser.analyse([given]), text, smallest=1_000, largest=10_000)

    assert not is_too_steep(found), found
