"""What each quantity of a text measures, judged by the words around it: its metric, and what it is compared with."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from nlp.events.quantities import Quantity

_EXPECTED_BETWEEN = re.compile(r"\b(?:est\w{0,9}|consensus|expect\w{0,6}|forecasts?|views?|street|analysts?)\b")
_EXPECTED_AFTER = re.compile(
    r"\W{0,3}(?:\w{1,12}\s){0,2}?(?:est(?:s|\.|imates?d?)?|consensus|expect(?:ed|ations?)|forecasts?|views?|street)\b"
)
_VERSUS = re.compile(r"\b(?:vs\.?|versus|compared (?:to|with)|may not compare (?:to|with)|against)(?![a-z])")
_OLD = re.compile(r"\b(?:from|vs\.?|versus|compared (?:to|with)|against|previously|prior|(?:up|down) from)(?![a-z])")
_EPS = r"\b(?:eps|(?:earnings|loss|profit|income)(?: per|/)\s?share)\b"
_METRIC = re.compile(
    r"(?P<surprise>\b(?:beat(?:s|ing)?|topp(?:ed|ing)|tops|exceed(?:s|ed|ing)|miss(?:es|ed|ing)?)\b"
    r"[^.;,]{0,40}?\bby)(?=\s(?:about |a )?$)"
    rf"|(?P<eps>{_EPS})"
    r"|(?P<revenue>\b(?:revenues?|revs?|net sales|sales|turnover)\b)"
    r"|(?P<income>\b(?:net income|net profit|net loss|profits?|loss(?:es)?|operating income|ebitda|earnings)\b)"
    r"|(?P<target>\b(?:pt|po|price targets?|target price|targets?|price objective)\b)"
    r"|(?P<dividend>\b(?:dividends?|div|payouts?)\b)"
    r"|(?P<buyback>\b(?:repurchase\w{0,2}|buy ?backs?)\b)"
    r"|(?P<other>\b(?:aum|assets|margins?|comps?|same[- ]store|charges?"
    r"|shares outstanding|capex|capital|cash|tax rate|shipments|orders|backlog|bookings|cost)\b)"
)
_GUIDES = re.compile(
    r"\b(?:sees|guides?|guidance|outlook|forecasts?|expects?|projects|targets|views?|expecting"
    r"|(?:re)?affirms?|backs|raises?|raised|lowers?|lowered|cuts)\b"
)
_REPORTS = re.compile(r"\b(?:reports?|reported|posts?|posted|announces)\b")
_UP = re.compile(
    r"\b(?:up|rose|rises?|rising|increas\w{1,4}|grew|grows?|growth|gain\w{0,3}|jump\w{0,3}|surg\w{1,3}"
    r"|soar\w{0,3}|climb\w{0,3}"
    r"|ups|rocket\w{0,3}|leap\w{0,2}|pops|popped|doubl\w{1,3}"
    r"|higher|rall\w{1,4}|spik\w{1,3}|rais\w{1,3}|hik\w{1,3}|boost\w{0,3}|lift\w{0,3}|improv\w{1,3}|added"
    r"|adds|advanc\w{1,3})\b"
)
_DOWN = re.compile(
    r"\b(?:down|fell|falls?|fall\w{0,3}|drop\w{0,4}|declin\w{1,3}|decreas\w{1,3}|lower\w{0,3}|plung\w{1,3}"
    r"|tumbl\w{1,3}|slid\w{0,3}"
    r"|sinks?|sank|slump\w{0,3}|los(?:es|t|ing)|cut\w{0,4}|reduc\w{1,3}|shrank|shr[iu]nk\w{0,2}|dip\w{0,3}"
    r"|slipp?\w{0,3}|slash\w{0,3}|off|crater\w{0,3}|tank(?:s|ed)|skid\w{0,4}|nosediv\w{1,3}|trim\w{0,4}|crash\w{0,3})\b"
)
_METRIC_AFTER = re.compile(
    r"\s(?:(?:in|of)\s)?(?:[a-z0-9-]{1,15}\s){0,2}?(?=revenue|sales|profit|net|loss|earnings|income|ebitda)"
)
_OF_THE_SHARE = re.compile(r"\b(?:shares?|stocks?|spike|premarket|after[- ]hours)\b")
_SESSION = re.compile(r"\b(?:premarket|pre-market|after[- ]hours)\b")
_BY = re.compile(r"\bby (?:about |a )?$")
_LOSS = re.compile(r"\bloss(?:es)?\b")
# "Revenue $22.7B beats $22.3B": the second is what was expected.
_BEATS = re.compile(r"\W*(?:beats?|tops|topped|exceeds|miss(?:es|ed))\s(?:the )?")
# "$65 billion, plus or minus 2%, vs. $61.7 billion est": no figure of its own.
_TOLERANCE = re.compile(r"(?:\bplus or minus |\bplus/minus |\+/- ?|\u00b1 ?)$")
_NEAR = 25
_REACH = 70


class MeasuredQuantity(NamedTuple):
    """A quantity with what it measures: the expected value is drawn to it, the old one too.

    Notes
    -----
    `is_guidance` is None where no word says whether a figure is reported or foreseen; `replaced` is what `old` was
    drawn from, a range perhaps. `is_loss` holds on from "loss narrows 54%" to "$140 million".
    """

    quantity: Quantity
    family: str | None
    is_guidance: bool | None
    before: str
    after: str
    expected: float | None
    old: float | None
    is_previous: bool
    replaced: Quantity | None = None
    is_loss: bool = False

    def is_of(self, family: str) -> bool:
        """Say whether the nearest metric, before it or else right behind it, is of that family."""
        behind = _METRIC.search(self.after[:_NEAR])
        return (behind.lastgroup if behind is not None else self.family) == family

    @property
    def is_of_the_share(self) -> bool:
        """Say whether it is the move of the share itself."""
        return (
            _OF_THE_SHARE.search(self.before.rpartition(",")[2]) is not None
            or _OF_THE_SHARE.search(self.after[:15]) is not None
        )

    @property
    def is_of_the_session(self) -> bool:
        """Say whether it is the price at which the share trades."""
        return _SESSION.search(self.before) is not None or _SESSION.search(self.after[:15]) is not None


def measured_quantities(folded: str, quantities: Sequence[Quantity]) -> list[MeasuredQuantity]:
    """Return the quantities that stand for themselves, each with its family, its expected and its old value."""
    quantities = [each for each in quantities if _TOLERANCE.search(folded, max(0, each.start - 16), each.start) is None]
    found: list[MeasuredQuantity] = []
    family: str | None = None
    is_guidance: bool | None = None
    is_loss = False
    for index, quantity in enumerate(quantities):
        floor = quantities[index - 1].end if index else 0
        ceiling = quantities[index + 1].start if index + 1 < len(quantities) else len(folded)
        before = folded[max(floor, quantity.start - _REACH) : quantity.start]
        after = folded[quantity.end : min(ceiling, quantity.end + 40)]
        if found and _is_drawn(found, quantity, before, after):
            continue
        named = _last_family(before) or _family_after(after)
        is_new = re.search(r"[,;.]\s", before) is not None and not (_UP.search(before) or _DOWN.search(before))
        if named is not None or is_new:
            family = named
            is_loss = False
        is_loss = is_loss or _LOSS.search(before) is not None
        guides = [match.start() for match in _GUIDES.finditer(before)]
        reports = [match.start() for match in _REPORTS.finditer(before)]
        if guides or reports:
            is_guidance = max(guides, default=-1) > max(reports, default=-1)
        found.append(
            MeasuredQuantity(
                quantity,
                family,
                is_guidance,
                before,
                after,
                None,
                None,
                _is_previous(before, folded[quantity.end :]),
                is_loss=is_loss,
            )
        )
    return found


def _last_family(before: str) -> str | None:
    last = None
    for match in _METRIC.finditer(before):
        last = match.lastgroup
    return last


def _family_after(after: str) -> str | None:
    if (introduced := _METRIC_AFTER.match(after)) is None:
        return None
    metric = _METRIC.match(after, introduced.end())
    return metric.lastgroup if metric else None


def _is_previous(before: str, following: str) -> bool:
    """Say whether a quantity is what was said before: the first range of "from 3-4 to 5-6"."""
    return before.endswith("from ") and following.startswith(" to ")


def _is_drawn(found: list[MeasuredQuantity], quantity: Quantity, before: str, after: str) -> bool:
    """Say whether a quantity only is what the one before was expected to be or was before, and give it to that one."""
    last = found[-1]
    if last.quantity.unit != quantity.unit or last.quantity.end > quantity.start or len(before) > 60 or ";" in before:
        return False
    middle = quantity.value if quantity.low is None else (quantity.value + quantity.low) / 2
    names_expected = _BEATS.fullmatch(before) or _EXPECTED_BETWEEN.search(before) or _EXPECTED_AFTER.match(after)
    is_versus = _VERSUS.search(before) is not None
    is_same = _last_family(before) in {None, last.family}
    if _BY.search(before) is not None:
        return False
    if last.expected is None and names_expected and (is_versus or (is_same and len(before) < 30)):
        found[-1] = last._replace(expected=middle)
        return True
    if last.old is None and last.quantity.old is None and is_same and _OLD.search(before):
        found[-1] = last._replace(old=middle, replaced=quantity)
        return True
    return False


def direction(measured: MeasuredQuantity) -> float | None:
    """Return 1 or -1 as the words around a quantity say, those nearest before it first; None when they do not."""
    if measured.quantity.value < 0:
        return 1.0
    ups = [match.end() for match in _UP.finditer(measured.before)]
    downs = [match.end() for match in _DOWN.finditer(measured.before)]
    if ups or downs:
        return 1.0 if max(ups, default=-1) > max(downs, default=-1) else -1.0
    up, down = _UP.search(measured.after[:25]), _DOWN.search(measured.after[:25])
    if up is None and down is None:
        return None
    return 1.0 if down is None or (up is not None and up.start() < down.start()) else -1.0
