"""Amounts of a text with their units: money, percentages, shares, people, things; ranges and changes count as one."""

import re
from dataclasses import dataclass, replace

_SIGNS = {
    "$": "USD", "us$": "USD", "c$": "CAD", "ca$": "CAD", "cdn$": "CAD", "a$": "AUD", "au$": "AUD", "nz$": "NZD",
    "hk$": "HKD", "s$": "SGD", "sg$": "SGD", "nt$": "TWD", "r$": "BRL", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR",
    "₩": "KRW", "rs": "INR", "rs.": "INR",
}  # fmt: skip
_CODES = (
    "USD", "EUR", "GBP", "JPY", "CNY", "CHF", "CAD", "AUD", "NZD", "HKD", "SGD", "INR", "KRW", "SEK", "NOK", "DKK",
    "BRL", "ZAR", "MXN", "TWD",
)  # fmt: skip
_CURRENCY_WORDS = {
    "dollar": "USD", "euro": "EUR", "eur": "EUR", "pound": "GBP", "yen": "JPY", "yuan": "CNY", "rupee": "INR",
    "won": "KRW", "franc": "CHF", "real": "BRL", "reais": "BRL",
}  # fmt: skip
_SCALES = {
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mm": 1e6, "mn": 1e6, "mln": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9,
    "bln": 1e9, "billion": 1e9, "t": 1e12, "tn": 1e12, "trillion": 1e12, "lakh": 1e5, "lakhs": 1e5, "lac": 1e5,
    "crore": 1e7, "crores": 1e7, "cr": 1e7,
}  # fmt: skip
_PARTS = {
    "cents": ("USD", 0.01), "cent": ("USD", 0.01), "c": ("USD", 0.01), "¢": ("USD", 0.01), "pence": ("GBP", 0.01),
    "p": ("GBP", 0.01), "%": ("percent", 1.0), "percent": ("percent", 1.0), "per cent": ("percent", 1.0),
    "euro cents": ("EUR", 0.01), "euro cent": ("EUR", 0.01), "eurocents": ("EUR", 0.01), "paise": ("INR", 0.01),
    "pct": ("percent", 1.0), "percentage point": ("percent", 1.0), "percentage points": ("percent", 1.0),
    "bps": ("percent", 0.01), "bp": ("percent", 0.01), "basis point": ("percent", 0.01),
    "basis points": ("percent", 0.01),
}  # fmt: skip
_COUNTED = {
    "shares": "share|shr|unit of stock|ads|adss|ads's",
    "people": "job|employee|worker|position|staff(?:er)?|people|role|post|staff member|headcount",
    "units": "vehicle|car|truck|suv|unit|pound of|bottle|device|pump|bag|phone|battery|batterie|product|package|ton"
    "|tonne|crib|stroller|toy|motorcycle|appliance|monitor|airplane|plane|jet|aircraft|bike|heater|case",
}

_NUMBER = r"(?:\d{1,3}(?:,\d{2,3}){1,5}(?:\.\d{1,6})?(?!\d)|\d{1,15}(?:\.\d{1,6})?|\.\d{1,6})"
_SIGN = (
    r"(?:(?:us|cdn|ca|c|au|a|nz|hk|sg|s|nt|r)?\$|[€£¥₹₩]|rs\.?(?=\s?\d)|(?:" + "|".join(_CODES).lower() + r")(?=\s?\d))"
)
_SCALE = r"(?:" + "|".join(sorted(_SCALES, key=len, reverse=True)) + r")"
_PART = r"(?:%|per ?cent(?:age points?)?|pct|bps?|basis points?|euro ?cents?|cents?|paise|¢|pence|[cp](?=[\s,.;)]|$))"
_AMOUNT = re.compile(
    r"(?<![a-z\d,$€£¥₹₩])(?<!\d\.)(?P<minus>[-\u2212](?=[$€£¥₹₩.\d]))?(?:(?P<sign>"
    + _SIGN
    + r")\s?)?(?P<inner>[(-](?=[.\d]))?"
    r"(?P<number>" + _NUMBER + r")(?:[\s-]?(?P<scale>" + _SCALE + r")(?![a-z]))?"
    r"\+?(?:[\s-]?(?P<part>" + _PART + r")(?![a-z]))?"
)
_CURRENCY_AFTER = re.compile(r"\s?(" + "|".join(_CURRENCY_WORDS) + r")s?\b|\s(" + "|".join(_CODES).lower() + r")\b")
_COUNTED_AFTER = re.compile(
    r"[\s-](?:of (?:its|their|the) )?(?:[a-z][a-z-]{1,20}\s){0,2}?(?:"
    + "|".join(f"(?P<{unit}>(?:{words})s?)" for unit, words in _COUNTED.items())
    + r")(?![a-z])"
)
_PER_SHARE = re.compile(
    r"(?:\s?(?:/|per |a |each )\s?|-(?:a|per)-)(?:common |ordinary )?(?:share|shr|ads|unit)\b|\s?(?:/sh|ps)\b"
)
_DIGIT = re.compile(r"[0-9]")
_RANGE_GAP = re.compile(r"\s?(?:[-\u2013\u2014]|to|and)\s?")
_WIDEST_RANGE = 20.0
_BEFORE_CHANGE = re.compile(r"\bfrom (?:about |around |a |an )?$")
_BEFORE_PAIR = re.compile(r"\bbetween (?:about )?$")
_MAX_QUANTITIES = 24


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount: `value` in `unit`, at [`start`, `end`) of the text.

    Notes
    -----
    `unit` is an ISO 4217 code, `percent`, `shares`, `people`, `units`, or empty for a bare number. Of a range `low` is
    the lower end and `value` the upper; of "from 3 to 5" `old` is 3 and `value` 5.
    """

    value: float
    unit: str
    start: int
    end: int
    is_per_share: bool = False
    low: float | None = None
    old: float | None = None
    scale: float = 1.0

    @property
    def is_money(self) -> bool:
        """Say whether the unit is a currency."""
        return len(self.unit) == 3 and self.unit.isupper()


def find_quantities(folded: str) -> list[Quantity]:
    """Return the amounts of folded text (`nlp.entities.gazetteer.fold`) in order, at most 24; a range counts as one."""
    if _DIGIT.search(folded) is None:
        return []
    found: list[Quantity] = []
    for match in _AMOUNT.finditer(folded):
        quantity = _quantity(folded, match)
        if quantity is None:
            continue
        joined = _joined(folded, found[-1], quantity) if found else None
        if joined is not None:
            found[-1] = joined
        elif len(found) < _MAX_QUANTITIES:
            found.append(quantity)
    return found


def _quantity(folded: str, match: re.Match[str]) -> Quantity | None:
    value = float(match["number"].replace(",", ""))
    if folded[match.end("number") : match.end("number") + 1].isalpha() and match["scale"] is None and not match["part"]:
        return None
    scale = _SCALES[match["scale"]] if match["scale"] else 1.0
    unit, end = "", match.end()
    if match["sign"]:
        unit = _SIGNS.get(match["sign"]) or match["sign"].upper()
    if match["part"]:
        part_unit, share = _PARTS[match["part"].replace("percent ", "percent")]
        unit, value = (unit or part_unit), (value if unit else value * share)
    elif not unit and (currency := _CURRENCY_AFTER.match(folded, end)):
        unit, end = _CURRENCY_WORDS.get(currency[1] or "") or str(currency[2]).upper(), currency.end()
    elif not unit and (counted := _COUNTED_AFTER.match(folded, end)):
        unit, end = str(counted.lastgroup), counted.end()
    start = match.start()
    is_bracketed = folded[start - 1 : start] == "(" and folded[end : end + 1] == ")" and unit not in {"", "shares"}
    if match["minus"] or match["inner"] or (is_bracketed and len(unit) == 3 and value < 100 and scale == 1.0):
        value = -value
        end += folded[end : end + 1] == ")" and match["inner"] == "("
    per_share = _PER_SHARE.match(folded, end + (1 if is_bracketed else 0)) if unit else None
    if per_share is not None and not is_bracketed:
        end = per_share.end()
    return Quantity(_exact(value * scale), unit, start, end, per_share is not None, scale=scale)


def _exact(value: float) -> float:
    """Return `value` without the noise that scaling leaves in its last digits."""
    return float(f"{value:.12g}")


def _gap(folded: str, one: Quantity, other: Quantity) -> str | None:
    """Return what joins two neighbours, "-", "to" or "and", None when nothing does."""
    between = folded[one.end : other.start]
    if not between:
        # "2.25-2.41": the second number carries the dash as its sign.
        return "-" if other.value < 0 and folded[other.start] in "-\u2212" else None
    gap = None if between in {" -", "- "} else _RANGE_GAP.fullmatch(between)
    return gap.group().strip().replace("\u2013", "-").replace("\u2014", "-") if gap else None


def _joined(folded: str, one: Quantity, other: Quantity) -> Quantity | None:
    """Return the range or change that two neighbours make, None when they stand for themselves."""
    gap = _gap(folded, one, other)
    if gap is None or one.low is not None or one.old is not None:
        return None
    if gap == "-" and one.end == other.start and "(" not in folded[other.start : other.end]:
        other = replace(other, value=-other.value)
    left = _adopt(one, other)
    right = _adopt(other, left)
    before = folded[max(0, one.start - 24) : one.start]
    if left.unit != right.unit or not right.unit or (gap == "and" and not _BEFORE_PAIR.search(before)):
        return None
    whole = replace(right, start=one.start, is_per_share=left.is_per_share or right.is_per_share)
    if gap == "to" and _BEFORE_CHANGE.search(before):
        return replace(whole, old=left.value)
    if left.value < 0 and right.value < left.value:
        left, whole = right, replace(whole, value=left.value)
        return replace(whole, low=left.value)
    is_range = left.value < right.value <= max(abs(left.value) * _WIDEST_RANGE, left.value + 1)
    return replace(whole, low=left.value) if is_range else None


def _adopt(one: Quantity, other: Quantity) -> Quantity:
    """Return `one` with the unit and scale of its neighbour where it has none: "5-7 million shares", "$1.1B-1.3B"."""
    unit = one.unit or other.unit
    if one.scale == 1.0 and other.scale != 1.0 and abs(one.value) < 1_000:
        return replace(one, unit=unit, value=_exact(one.value * other.scale), scale=other.scale)
    if not one.unit and other.unit == "percent":
        return replace(one, unit=unit)
    return replace(one, unit=unit)
