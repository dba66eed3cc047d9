"""No rule takes long to be checked and indexed, whatever its conditions multiply out to."""

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from alerts.matching.conditions import holds
from alerts.matching.linting import Timing, lint
from alerts.matching.normal_form import TooManyConjunctions, Work, conjunctions
from alerts.matching.rule_index import MAX_ENTRIES, RuleIndex, entries_of
from alerts.schemas.rules import RuleCreate, When
from tests.growth import growth, is_too_steep, processor_seconds
from tests.unit.alerts.test_rule_index import TESLA_FALLS

Raw = dict[str, Any]

_MIXED: Raw = {
    "tickers": ["A"], "topics": ["a"], "event_types": ["b"], "direction": "up", "basis": "after",
    "min_impact_score": 50.0, "min_confidence": 0.5,
}  # fmt: skip
# A rule that was written down takes this many characters at least; a hundred rules start with it in two seconds.
_SMALLEST, _LARGEST = 20_000, 160_000


def _large(number: int) -> Raw:
    """Return a condition of 300 members that differs from the others in every set."""
    names = [f"T{number + each}" for each in range(100)]
    return {**_MIXED, "tickers": names, "topics": names, "event_types": names, "min_novelty": number % 50 / 50}


def _numbers(number: int) -> Raw:
    level = number % 40 / 40
    return {"min_confidence": level, "min_novelty": 1 - level, "min_relevance": number % 7 / 7, "direction": "up"}


def _squares(number: int) -> Raw:
    """Return a condition that is indexed in a thousand places."""
    return {name: [f"{name[0]}{number * 32 + each}" for each in range(32)] for name in ("topics", "event_types")}


def _in_twenties(parts: list[Raw], combine: Callable[[list[Raw]], Raw]) -> Raw:
    """Return `parts` combined, and the combinations combined again where there are more than twenty."""
    while len(parts) > 1:
        parts = [combine(parts[start : start + 20]) for start in range(0, len(parts), 20)]
    return parts[0]


def _nots(parts: list[Raw]) -> Raw:
    """Return that none of each nine holds, for all of them."""
    return _in_twenties(
        [{"not": {"any": parts[start : start + 9]}} for start in range(0, len(parts), 9)], lambda some: {"all": some}
    )


_COMBINATIONS: dict[str, Callable[[list[Raw]], Raw]] = {
    "nots": _nots,
    "any": lambda parts: _in_twenties(parts, lambda some: {"any": some}),
    "all": lambda parts: _in_twenties(parts, lambda some: {"all": some}),
    "not any": lambda parts: {"not": _in_twenties(parts, lambda some: {"any": some})},
    "not all": lambda parts: {"not": _in_twenties(parts, lambda some: {"all": [{"not": each} for each in some]})},
    "any of all": lambda parts: _in_twenties(
        [{"all": parts[start : start + 5]} for start in range(0, len(parts), 5)], lambda some: {"any": some}
    ),
    "all of any": lambda parts: _in_twenties(
        [{"any": parts[start : start + 5]} for start in range(0, len(parts), 5)], lambda some: {"all": some}
    ),
    "deep": lambda parts: _in_twenties(parts, lambda some: {"not": {"any": [{"not": each} for each in some]}}),
}
_PARTS: dict[str, Callable[[int], Raw]] = {
    "same": lambda _: _MIXED,
    "large": _large,
    "numbers": _numbers,
    "squares": _squares,
    "directions": lambda number: {"direction": ("up", "down", "flat")[number % 3]},
}


def _build(combination: str, part: str, size: int) -> When:
    """Return conditions whose parts take about `size` characters."""
    make = _PARTS[part]
    n_parts = max(2, size // len(str(make(1))))
    return When.model_validate(_COMBINATIONS[combination]([make(number) for number in range(n_parts)]))


def _work(when: When) -> object:
    condition = when.condition()
    return entries_of(condition), lint(condition, Timing(0.0, 300.0, 3_000.0, 0.0), n_receivers=1)


@pytest.mark.parametrize("part", _PARTS)
@pytest.mark.parametrize("combination", _COMBINATIONS)
def test_twice_a_hostile_rule_takes_about_twice_as_long(combination: str, part: str):
    seconds = processor_seconds(lambda: _work(_build(combination, part, _SMALLEST)))
    found = growth(_work, lambda size: _build(combination, part, size), smallest=_SMALLEST, largest=_LARGEST)

    assert seconds < 1.0
    assert not is_too_steep(found), found


@pytest.mark.parametrize("part", _PARTS)
@pytest.mark.parametrize("combination", _COMBINATIONS)
def test_a_hostile_rule_is_filed_a_bounded_number_of_times_and_still_matches(combination: str, part: str):
    condition = _build(combination, part, _SMALLEST).condition()
    index: RuleIndex[int] = RuleIndex()

    index.add(1, condition)

    assert len(entries_of(condition)) <= MAX_ENTRIES
    assert bool(index.matching(TESLA_FALLS)) == holds(condition, TESLA_FALLS)


def test_the_same_boxes_made_again_and_again_count_as_work():
    condition = When.model_validate(_nots([_MIXED] * 162)).condition()

    with pytest.raises(TooManyConjunctions):
        conjunctions(condition)


def test_members_of_sets_count_as_work():
    condition = When.model_validate({"tickers": [f"T{number}" for number in range(1_000)]}).condition()

    assert len(conjunctions(condition, work=Work(20))) == 1
    with pytest.raises(TooManyConjunctions):
        conjunctions(condition, work=Work(5))


def test_a_rule_beyond_any_use_is_refused_before_it_is_built():
    when: Raw = {}
    for _ in range(3):
        when = {"any": [when] * 20}

    with pytest.raises(ValidationError, match="a rule has up to 200 conditions; this one has over 2,000"):
        RuleCreate.model_validate({"name": "falls", "when": when})
