"""The numbers of an event: which quantities of a text belong to it, and what each measures."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from common.contracts import MagnitudeKind
from nlp.events.measured_quantities import MeasuredQuantity, direction, measured_quantities
from nlp.events.quantities import Quantity
from nlp.events.split_ratios import find_split_ratio

_SHARE_OF_STAFF = re.compile(
    r"\s?(?:of )?(?:its |the |their )?(?:global |total |us )?(?:work ?force|staff|jobs|employees|headcount)"
)
_STAFF_BY = re.compile(r"\b(?:work ?force|staff|jobs|employees|headcount) by (?:about |up to |some |nearly )?$")
_STAKE = re.compile(r"\s?(?:passive |equity |minority |majority |controlling )?(?:stake|interest|holding)\b")
# What a deal or a company is worth is neither a fine nor an offering.
_OF_A_DEAL = re.compile(r"\s(?:[a-z-]{1,12}\s){0,2}?(?:acquisition|merger|takeover|buyout|purchase|deal)\b")
_VALUED = re.compile(r"\b(?:valued|valuing|values?|valuation)\b[^;]{0,25}$")
_BUYS = re.compile(r"\b(?:acquir\w{1,3}|buys?|purchases?|sells?|bids?)\b")
_OF_STOCK = re.compile(r"\s(?:stock|common stock|unit) offering\b")
_LEVEL = re.compile(r"\b(?:to|at) (?:a |about )?$")
_LEAST_DEAL = 10_000.0
_OTHER_METRICS = frozenset(("eps", "revenue", "income", "target"))
_LARGEST_PRICE = 100_000.0


@dataclass(frozen=True, slots=True)
class FoundMagnitude:
    """A number of an event at [`start`, `end`) of the text; see `common.contracts.Magnitude`."""

    kind: MagnitudeKind
    value: float
    unit: str
    start: int
    end: int
    old: float | None = None
    new: float | None = None
    expected: float | None = None


def magnitudes_of(
    event_type: str, folded: str, quantities: Sequence[Quantity], clause: tuple[int, int]
) -> list[FoundMagnitude]:
    """Return the numbers of one event, in the order of the text; possibly none.

    Parameters
    ----------
    folded : the headline or sentence that holds the event (see `nlp.entities.gazetteer.fold`)
    quantities : what `nlp.events.quantities.find_quantities` found in it
    clause : place of the clause of the event; what stands outside counts only where it names its metric
    """
    if event_type == "stock_split":
        ratio = find_split_ratio(folded)
        return [] if ratio is None else [FoundMagnitude("split_ratio", ratio.value, "ratio", ratio.start, ratio.end)]
    rule = _RULES.get(event_type)
    if rule is None or not quantities:
        return []
    begin, end = clause
    spans_clauses = event_type in _OF_RESULTS
    found = (
        _with_replaced(rule(measured), measured)
        for measured in measured_quantities(folded, quantities)
        if begin <= measured.quantity.start < end or (spans_clauses and measured.family is not None)
    )
    kept = [magnitude for each in found for magnitude in each]
    sign = _SIGNS.get(event_type)
    if sign is None:
        return kept
    # A round-up gives the moves of other shares behind it.
    return [magnitude for magnitude in kept if sign * magnitude.value > 0][:1]


def _with_replaced(found: FoundMagnitude | None, measured: MeasuredQuantity) -> list[FoundMagnitude]:
    """Return a magnitude and, behind a range that a company foresees, the one that it replaces."""
    if found is None:
        return []
    replaced = measured.replaced
    if replaced is None or measured.quantity.low is None or not found.kind.endswith("guidance"):
        return [found]
    return [found, _made("previous_guidance", measured._replace(quantity=replaced, old=None, expected=None))]


def _made(kind: MagnitudeKind, measured: MeasuredQuantity, sign: float = 1.0) -> FoundMagnitude:
    quantity = measured.quantity
    value, expected = sign * quantity.value, measured.expected
    old = quantity.old if quantity.old is not None else measured.old
    found = FoundMagnitude(kind, value, quantity.unit, quantity.start, quantity.end, expected=expected)
    if quantity.low is not None:
        middle = round((quantity.low + quantity.value) / 2, 6)
        return replace(found, value=middle, old=quantity.low, new=quantity.value)
    return found if old is None else replace(found, old=sign * old, new=value)


def _change(measured: MeasuredQuantity) -> FoundMagnitude | None:
    if measured.quantity.unit != "percent" or (sign := direction(measured)) is None:
        return None
    return _made("percent_change", measured, sign)


def _change_of_business(measured: MeasuredQuantity) -> FoundMagnitude | None:
    return None if measured.is_of_the_share else _change(measured)


def _price_target(measured: MeasuredQuantity) -> FoundMagnitude | None:
    quantity = measured.quantity
    if not quantity.is_money or quantity.value > _LARGEST_PRICE or quantity.scale != 1.0:
        return None
    is_named = (
        measured.family == "target"
        or re.match(r"\W{0,2}(?:price )?(?:target|pt|objective)\b", measured.after)
        or re.search(r"\b(?:announces|(?:raises|lowers|cuts)(?: to)?)\s$", measured.before)
    )
    if re.search(r"\bremoves\b|\bby\s$", measured.before):
        return None
    return _made("price_target", measured) if is_named else None


def _results(measured: MeasuredQuantity) -> FoundMagnitude | None:
    quantity, family = measured.quantity, measured.family
    if quantity.unit == "percent":
        return _change_of_business(measured)
    if not quantity.is_money:
        return None
    is_small = abs(quantity.value) < _LARGEST_PRICE and quantity.scale == 1.0
    sign = -1.0 if measured.is_loss and quantity.value > 0 else 1.0
    found = None
    if family == "surprise" and abs(quantity.value) < 100:
        missed = re.search(r"\bmiss", measured.before) is not None
        return _made("earnings_surprise", measured, -1.0 if missed else 1.0)
    if is_small and (family == "eps" or (family == "income" and (quantity.is_per_share or abs(quantity.value) < 100))):
        found = _made("earnings_per_share", measured, sign)
    elif family == "revenue" and not is_small and not quantity.is_per_share:
        found = _made("revenue", measured)
    elif family == "income" and not is_small:
        found = _made("net_income", measured, sign)
    return (
        _expected_later(found, is_previous=measured.is_previous)
        if found is not None and measured.is_guidance
        else found
    )


def _expected_later(found: FoundMagnitude, *, is_previous: bool) -> FoundMagnitude:
    """Return a figure as what a company expects of itself."""
    kinds: dict[str, MagnitudeKind] = {
        "earnings_per_share": "earnings_per_share_guidance",
        "revenue": "revenue_guidance",
    }
    return replace(found, kind="previous_guidance" if is_previous else kinds.get(found.kind, "guidance"))


def _guidance(measured: MeasuredQuantity) -> FoundMagnitude | None:
    found = _results(measured._replace(is_guidance=measured.is_guidance is not False))
    is_value = measured.quantity.is_money or measured.quantity.low is not None
    if found is None and is_value and measured.is_guidance and measured.family is None and not measured.is_of_the_share:
        return _made("guidance", measured)
    return found


def _deal(measured: MeasuredQuantity) -> FoundMagnitude | None:
    quantity = measured.quantity
    if quantity.unit == "percent":
        is_part = _STAKE.match(measured.after) or (measured.after.startswith(" of ") and _BUYS.search(measured.before))
        return _made("stake", measured) if is_part else None
    if not quantity.is_money or measured.family is not None:
        return None
    if quantity.is_per_share:
        return _made("price_per_share", measured)
    return _made("deal_value", measured) if quantity.value >= _LEAST_DEAL else None


def _dividend(measured: MeasuredQuantity) -> FoundMagnitude | None:
    if measured.quantity.unit == "percent":
        return None if re.match(r"\s?(?:yield|stock)", measured.after) else _change(measured)
    is_other = measured.family in _OTHER_METRICS or measured.is_of("buyback")
    return _made("dividend", measured) if measured.quantity.is_money and not is_other else None


def _of_shares_or_money(kind: MagnitudeKind) -> Callable[[MeasuredQuantity], FoundMagnitude | None]:
    """Return the rule that takes money and numbers of shares for `kind`, and small sums a share for their price."""

    def rule(measured: MeasuredQuantity) -> FoundMagnitude | None:
        quantity = measured.quantity
        if quantity.unit == "" and _OF_STOCK.match(measured.after):
            quantity = replace(quantity, unit="shares")
        if (
            measured.family in _OTHER_METRICS
            or measured.is_of_the_session
            or measured.is_of("dividend")
            or _VALUED.search(measured.before) is not None
            or not (quantity.is_money or quantity.unit == "shares")
        ):
            return None
        is_price = quantity.is_money and (quantity.is_per_share or (quantity.scale == 1.0 and quantity.value < 1_000))
        return _made("price_per_share" if is_price else kind, measured._replace(quantity=quantity))

    return rule


def _of_money(kind: MagnitudeKind) -> Callable[[MeasuredQuantity], FoundMagnitude | None]:
    def rule(measured: MeasuredQuantity) -> FoundMagnitude | None:
        if not measured.quantity.is_money or measured.quantity.is_per_share or measured.family in _OTHER_METRICS:
            return None
        is_of_a_deal = kind == "fine" and _OF_A_DEAL.match(measured.after) is not None
        return None if is_of_a_deal else _made(kind, measured)

    return rule


def _headcount(measured: MeasuredQuantity) -> FoundMagnitude | None:
    quantity = measured.quantity
    is_share_of_staff = _SHARE_OF_STAFF.match(measured.after) or _STAFF_BY.search(measured.before)
    if quantity.unit == "people" or (quantity.unit == "percent" and is_share_of_staff):
        return _made("headcount", measured)
    cuts_staff = re.search(
        r"\b(?:lay(?:s|ing)? off|laid off|layoffs? of)\s(?:about |up to |some |nearly )?$", measured.before
    )
    if quantity.unit == "" and cuts_staff:
        return _made("headcount", measured._replace(quantity=replace(quantity, unit="people")))
    return None


def _recall(measured: MeasuredQuantity) -> FoundMagnitude | None:
    quantity = measured.quantity
    if quantity.unit == "units":
        return _made("recall_size", measured)
    recalls = re.search(
        r"\brecall(?:s|ed|ing|\sof)?\s(?:about |up to |some |nearly |over |more than )?$", measured.before
    )
    is_count = quantity.unit == "" and quantity.value >= 10 and not 1990 <= quantity.value <= 2035
    if is_count and recalls:
        return _made("recall_size", measured._replace(quantity=replace(quantity, unit="units")))
    return None


def _holding(measured: MeasuredQuantity) -> FoundMagnitude | None:
    quantity = measured.quantity
    if quantity.unit == "percent" and re.search(r"\bstakes? by (?:about )?$", measured.before):
        return _change(measured)
    if quantity.unit == "percent" and (
        _STAKE.match(measured.after) or re.search(r"\b(?:stake|interest)\b", measured.before)
    ):
        return _made("stake", measured)
    return _made("stake", measured) if quantity.unit == "shares" else None


def _rate(measured: MeasuredQuantity) -> FoundMagnitude | None:
    quantity = measured.quantity
    if quantity.unit != "percent" or (sign := direction(measured)) is None:
        return None
    old = quantity.old if quantity.old is not None else measured.old
    if old is not None:
        found = _made("rate_change", measured)
        return replace(found, value=round(quantity.value - old, 6), old=None, new=None)
    # "to 4%" is where the rate is now, not by how much it moved.
    return None if _LEVEL.search(measured.before) else _made("rate_change", measured, sign)


_Rule = Callable[[MeasuredQuantity], FoundMagnitude | None]
_RULES: dict[str, _Rule] = {
    **dict.fromkeys(
        (
            "price_target_raised",
            "price_target_cut",
            "analyst_upgrade",
            "analyst_downgrade",
            "analyst_initiation",
            "analyst_reiteration",
        ),
        _price_target,
    ),
    **dict.fromkeys(("earnings_report", "earnings_beat", "earnings_miss"), _results),
    **dict.fromkeys(("guidance_raised", "guidance_cut", "guidance_issued"), _guidance),
    **dict.fromkeys(("merger_or_acquisition", "divestiture", "joint_venture"), _deal),
    **dict.fromkeys(("dividend_raised", "dividend_cut", "dividend_declared"), _dividend),
    **dict.fromkeys(("share_offering", "initial_public_offering"), _of_shares_or_money("offering_size")),
    **dict.fromkeys(("lawsuit", "legal_settlement", "investigation"), _of_money("fine")),
    **dict.fromkeys(("price_rise", "price_fall", "economic_data"), _change),
    "share_buyback": _of_shares_or_money("buyback_size"),
    "debt_financing": _of_money("debt_size"),
    "layoffs": _headcount,
    "product_recall": _recall,
    "contract_award": _of_money("contract_value"),
    "insider_or_holder_trade": _holding,
    "monetary_policy": _rate,
}
"""Event type -> what takes a quantity for a number of it; the other types have none."""
_OF_RESULTS = frozenset(
    ("earnings_report", "earnings_beat", "earnings_miss", "guidance_raised", "guidance_cut", "guidance_issued")
)
_SIGNS = {"price_rise": 1.0, "price_fall": -1.0}
