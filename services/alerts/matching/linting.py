"""Static checks of a rule: it can never fire, always fires, or does less than it says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from alerts.matching.conditions import FIELDS, MAX_CONDITIONS, MAX_DEPTH, Condition, Threshold, depth, size
from alerts.matching.normal_form import TooManyConjunctions, Work, conjunctions

FindingCode = Literal[
    "never_matches", "always_fires", "contradiction", "no_effect", "too_complex", "rounded_interval", "no_receiver"
]


_THRESHOLDS = tuple(field.name for field in FIELDS if isinstance(field, Threshold))


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: an `error` makes the rule useless, a `warning` is worth a second look; `path` names the field."""

    code: FindingCode
    level: Literal["error", "warning"]
    path: str
    message: str


@dataclass(frozen=True, slots=True)
class Timing:
    """The four intervals of a rule, in seconds."""

    group_wait_seconds: float
    group_interval_seconds: float
    repeat_interval_seconds: float
    cooldown_seconds: float


def lint(condition: Condition, timing: Timing, *, n_receivers: int) -> list[Finding]:
    """Return what is questionable about a rule; an empty list when nothing is."""
    too_deep = depth(condition) > MAX_DEPTH
    if too_deep or size(condition) > MAX_CONDITIONS:
        limit = f"{MAX_DEPTH} levels" if too_deep else f"{MAX_CONDITIONS} conditions"
        return [Finding("too_complex", "error", "when", f"The condition has more than {limit}.")]
    return [*_lint_condition(condition), *_lint_timing(timing), *_lint_receivers(n_receivers)]


def _lint_condition(condition: Condition) -> list[Finding]:
    work = Work()
    try:
        if not conjunctions(condition, work=work):
            text = "No impact can satisfy these conditions together."
            return [Finding("never_matches", "error", "when", text), *_lint_parts(condition, _contradictions)]
        if not conjunctions(condition, negated=True, work=work):
            return [Finding("always_fires", "warning", "when", "Every impact satisfies this rule.")]
    except TooManyConjunctions:
        text = "The condition expands to too many alternatives to be indexed: it is evaluated for every impact."
        return [Finding("too_complex", "warning", "when", text)]
    return _lint_parts(condition, _contradictions, _without_effect)


def _lint_parts(condition: Condition, *looks: Callable[[Condition, str, Work], list[Finding]]) -> list[Finding]:
    """Return what `looks` find in the parts of `condition`, which may cost as much as the whole together."""
    work = Work()
    try:
        return [finding for look in looks for finding in look(condition, "when", work)]
    except TooManyConjunctions:
        return [Finding("too_complex", "warning", "when", "There are too many parts to check each one.")]


def _contradictions(condition: Condition, path: str, work: Work) -> list[Finding]:
    """Return the innermost parts that can never hold: a dead branch of an `any`, an inconsistent `all`."""
    inner: list[Finding] = []
    for name, parts in (("all", condition.all_of), ("any", condition.any_of)):
        for position, part in enumerate(parts):
            inner += _contradictions(part, f"{path}.{name}[{position}]", work)
    if inner or path == "when" or conjunctions(condition, work=work):
        return inner
    return [Finding("contradiction", "warning", path, "This part contradicts itself and can never hold.")]


def _without_effect(condition: Condition, path: str, work: Work) -> list[Finding]:
    found = [
        Finding("no_effect", "warning", f"{path}.{name}", "A threshold of 0 admits every impact.")
        for name in _THRESHOLDS
        if getattr(condition, name) == 0
    ]
    if condition.any_of and not conjunctions(Condition(any_of=condition.any_of), negated=True, work=work):
        found.append(Finding("no_effect", "warning", f"{path}.any", "One of the alternatives always holds."))
    for position, part in enumerate(condition.all_of):
        found += _without_effect(part, f"{path}.all[{position}]", work)
    return found


def _lint_timing(timing: Timing) -> list[Finding]:
    group, repeat = timing.group_interval_seconds, timing.repeat_interval_seconds
    if group and repeat % group:
        rounded = (repeat // group + 1) * group
        return [
            Finding(
                "rounded_interval",
                "warning",
                "repeat_interval_seconds",
                f"Repeats are sent at multiples of the group interval: every {rounded:g} seconds.",
            )
        ]
    return []


def _lint_receivers(n_receivers: int) -> list[Finding]:
    if n_receivers:
        return []
    return [Finding("no_receiver", "warning", "receivers", "Alerts are recorded and streamed, but sent to nobody.")]
