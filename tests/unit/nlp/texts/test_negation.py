"""A negation reaches to the end of its clause, and a second one ends it."""

import pytest

from nlp.texts.negation import negated_positions


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("the company did not report a profit", "report a profit"),
        ("no dividend , but sales rose", "dividend"),
        ("profit without a one-off would have fallen", "a one-off would have fallen"),
        ("not without profit today", ""),
        ("profit rose", ""),
    ],
)
def test_the_scope_of_a_negation(text: str, negated: str) -> None:
    forms = text.split()
    found = [forms[index] for index in sorted(negated_positions(forms))]

    assert found == negated.split()


def test_the_scope_is_six_words_at_most() -> None:
    assert negated_positions(["not", *"abcdefgh"]) == frozenset(range(1, 7))
