"""The statements that models are taught directions with: of one mind, of every kind, the same each time."""

from collections import Counter

from nlp.training.corpora import SentimentRow
from nlp.training.statements import naming, statements


def direction(row: SentimentRow) -> int:
    assert row.score is not None
    assert (row.target[2] > row.target[0]) == (row.score > 0)
    return 1 if row.score > 0 else -1


def test_no_text_is_called_good_by_one_draw_and_bad_by_another() -> None:
    found: dict[str, int] = {}
    for seed in range(12):
        for row in statements(seed):
            assert found.setdefault(row.text, direction(row)) == direction(row), row.text


def test_directions_follow_what_moves_and_which_way() -> None:
    rows = [row for seed in range(12) for row in statements(seed)]
    expected = {("net loss", "narrows"): 1, ("net loss", "widens"): -1, ("revenue", "rose"): 1, ("revenue", "fell"): -1}
    expected |= {("unemployment", "falls"): 1, ("jobless claims", "climbs"): -1, ("cuts", "costs"): 1}

    for words, sign in expected.items():
        told = [direction(row) for row in rows if all(f" {word} " in f" {row.text.lower()} " for word in words)]
        assert told, words
        assert set(told) == {sign}, words


def test_both_directions_are_about_as_frequent() -> None:
    counts = Counter(direction(row) for row in statements())

    assert 0.7 < counts[1] / counts[-1] < 1.4
    assert sum(counts.values()) > 1_000


def test_equal_seeds_give_equal_statements_and_others_others() -> None:
    assert statements(3) == statements(3)
    assert statements(3) != statements(4)


def test_a_named_company_stands_in_its_statement() -> None:
    rows = naming(statements())

    assert len(rows) > 500
    assert all(row.entity is not None and row.entity in row.text for row in rows)
