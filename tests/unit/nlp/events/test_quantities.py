"""Amounts are read with their unit and scale; ranges and changes count as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.entities.gazetteer import fold
from nlp.events.quantities import Quantity, find_quantities


def only(text: str) -> Quantity:
    (found,) = find_quantities(fold(text))
    return found


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("$1.2B", 1.2e9, "USD"),
        ("$38.7B", 38.7e9, "USD"),
        ("$250 million", 250e6, "USD"),
        ("$3.45-billion", 3.45e9, "USD"),
        ("US$250 Million", 250e6, "USD"),
        ("C$100M", 100e6, "CAD"),
        ("EUR 5.4 mn", 5.4e6, "EUR"),
        ("1.2 billion euros", 1.2e9, "EUR"),
        ("£750k", 750e3, "GBP"),
        ("20p", 0.2, "GBP"),
        ("3 cents", 0.03, "USD"),
        ("4.5 euro cents", 0.045, "EUR"),
        ("12.5M-share", 12.5e6, "shares"),
        ("3c", 0.03, "USD"),
        ("Rs 500 crore", 5e9, "INR"),
        ("₹2.5 lakh", 250e3, "INR"),
        ("500 crore rupees", 5e9, "INR"),
        ("12.5 percent", 12.5, "percent"),
        ("12.5 per cent", 12.5, "percent"),
        ("140+%", 140.0, "percent"),
        ("25 basis points", 0.25, "percent"),
        ("1,200 full-time jobs", 1200.0, "people"),
        ("1.2 million cars", 1.2e6, "units"),
        ("6.4M shares", 6.4e6, "shares"),
        ("$(0.12)", -0.12, "USD"),
        ("($0.12)", -0.12, "USD"),
        ("-$0.12", -0.12, "USD"),
        ("$.05", 0.05, "USD"),
    ],
)
def test_an_amount_has_its_value_and_unit(text: str, value: float, unit: str) -> None:
    found = only(text)

    assert (found.value, found.unit) == (pytest.approx(value), unit)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("$2.25-2.41", 2.25, 2.41),
        ("$0.48-$0.52", 0.48, 0.52),
        ("$5.73 to $5.83", 5.73, 5.83),
        ("$900M-$1.1B", 900e6, 1.1e9),
        ("$1-1.2B", 1e9, 1.2e9),
        ("between $1 and $2", 1.0, 2.0),
        ("10 to 12 percent", 10.0, 12.0),
    ],
)
def test_a_range_is_one_amount(text: str, low: float, high: float) -> None:
    found = only(text)

    assert (found.low, found.value, found.old) == (pytest.approx(low), pytest.approx(high), None)


def test_from_makes_a_change_of_what_would_be_a_range() -> None:
    found = only("from $45 to $50")

    assert (found.old, found.value, found.low) == (45.0, 50.0, None)


def test_amounts_of_different_units_are_not_joined() -> None:
    found = find_quantities("up 5% to $1.2b")

    assert [(each.value, each.unit) for each in found] == [(5.0, "percent"), (1.2e9, "USD")]


@pytest.mark.parametrize("text", ["q3", "covid19", "b2b", "5g", "phase iii", ""])
def test_a_digit_inside_a_word_is_no_amount(text: str) -> None:
    assert find_quantities(text) == []


def test_a_price_a_share_says_so() -> None:
    assert only("$0.40/Share").is_per_share
    assert only("42 cents a share").is_per_share
    assert only("$63-a-share").is_per_share
    assert not only("$0.40").is_per_share


@given(st.text(alphabet="0123456789.,$€%()- abcmkto", max_size=80))
def test_any_text_gives_places_inside_it(text: str) -> None:
    for quantity in find_quantities(text):
        assert 0 <= quantity.start < quantity.end <= len(text)
        assert any(letter.isdigit() for letter in text[quantity.start : quantity.end])
