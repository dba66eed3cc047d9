"""The statements that models are taught directions with: of one mind, of every kind, the same each time."""

from collections import Counter

import numpy as np

from nlp.training.corpora import SentimentRow
from nlp.training.statements import Statement, of_texts, statements, toward_names


def direction(row: SentimentRow) -> int:
    assert row.score is not None
    assert np.sign(row.target[2] - row.target[0]) == np.sign(row.score)
    return int(np.sign(row.score))


def drawn() -> list[Statement]:
    return [one for seed in range(12) for one in statements(seed)]


def test_no_text_is_called_good_by_one_draw_and_bad_by_another() -> None:
    found: dict[tuple[str, str | None], int] = {}
    for row in of_texts(drawn()) + toward_names(drawn()):
        key = row.text, row.entity
        assert found.setdefault(key, direction(row)) == direction(row), key


def test_directions_follow_what_moves_and_which_way() -> None:
    rows = of_texts(drawn())
    expected = {("net loss", "narrows"): 1, ("net loss", "widens"): -1, ("revenue", "rose"): 1, ("revenue", "fell"): -1}
    expected |= {("unemployment", "falls"): 1, ("jobless claims", "climbs"): -1, ("cuts", "costs"): 1}

    for words, sign in expected.items():
        told = [direction(row) for row in rows if all(f" {word} " in f" {row.text.lower()} " for word in words)]
        assert told, words
        assert set(told) == {sign}, words


def test_events_are_good_or_bad_or_say_nothing_of_a_company() -> None:
    rows = of_texts(drawn())
    expected = {"files for chapter 11": {-1}, "to join s&p": {1}, "investor day": {0}, "to restate": {-1}}

    for words, signs in expected.items():
        assert {direction(row) for row in rows if words in row.text.lower()} == signs, words


def test_who_decides_or_reports_is_neither_better_nor_worse_off() -> None:
    toward = toward_names(drawn())
    told = {name: {direction(row) for row in toward if row.entity == name} for name in ("FDA", "Moody's", "Elliott")}

    assert told == {"FDA": {0}, "Moody's": {0}, "Elliott": {0}}


def test_what_is_good_for_one_may_be_bad_for_the_other() -> None:
    found = [one for one in drawn() if "loses order to" in one.text]

    assert found
    for one in found:
        assert one.direction is None
        assert [sign for _, sign in one.toward] == [-1, 1]


def test_both_directions_are_about_as_frequent() -> None:
    counts = Counter(direction(row) for row in of_texts(statements()))

    assert 0.7 < counts[1] / counts[-1] < 1.4
    assert sum(counts.values()) > 2_000


def test_equal_seeds_give_equal_statements_and_others_others() -> None:
    assert statements(3) == statements(3)
    assert statements(3) != statements(4)


def test_every_slot_is_filled_and_every_name_stands_in_its_statement() -> None:
    assert not any("{" in one.text for one in statements())
    toward = toward_names(statements())

    assert len(toward) > 3_000
    assert all(row.entity is not None and row.entity in row.text for row in toward)
