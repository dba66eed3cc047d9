"""Rules on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, StrictBool

from alerts.built_in import DEFAULT_RECEIVER_NAME
from alerts.column_values import WhenDocument
from alerts.matching.conditions import FIELDS, MAX_CONDITIONS, Condition
from alerts.matching.grouping import GroupLabel
from alerts.matching.linting import Finding
from common.contracts import Basis, Direction, SentimentLabel, Severity
from common.contracts.bounds import ClosedModel, Listed, entries_up_to
from common.contracts.text import Name, Ticker

Term = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/ \-]*$")]
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,62}$")]
LabelValue = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
# Without `additionalProperties` the schema would allow any name that does not fit the pattern.
Labels = Annotated[
    dict[LabelName, LabelValue],
    entries_up_to(20),
    Field(max_length=20, json_schema_extra={"additionalProperties": False}),
]


def _not_text(value: object) -> object:
    """Refuse what Python would take for a whole number and JSON does not: text and booleans."""
    if isinstance(value, (str, bool)):
        raise ValueError("a number must not be written as text or as a boolean")  # noqa: TRY004 - pydantic reads ValueError
    return value


Horizon = Annotated[int, Field(ge=1, le=250), BeforeValidator(_not_text)]
WindowSeconds = Annotated[int, Field(ge=60, le=31_536_000), BeforeValidator(_not_text)]
Unit = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False, strict=True)]
Terms = Annotated[Listed[Term], Field(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(ge=0.0, le=31_536_000.0, allow_inf_nan=False, strict=True)]


class When(ClosedModel):
    """The conditions of a rule; all that are given must hold.

    Notes
    -----
    `tickers`, `topics` and `event_types` hold when the impact has any of the values. `all`, `any` and `not` nest up to
    five levels, with 200 conditions in all.
    """

    tickers: Annotated[Listed[Ticker], Field(min_length=1, max_length=1_000)] | None = Field(
        default=None, description="Securities, any of which the impact must have; 1 to 1,000."
    )
    topics: Terms | None = Field(
        default=None, description="Topics, any of which the impact must have; 1 to 200 of at most 100 characters."
    )
    event_types: Terms | None = Field(
        default=None,
        description="Types of events, any of which the impact must have; 1 to 200 of at most 100 characters.",
    )
    direction: Direction | None = Field(
        default=None, description="Direction of the expected move that the impact must have."
    )
    basis: Basis | None = Field(default=None, description="Basis of the estimate that the impact must have.")
    horizon_days: Horizon | None = Field(
        default=None, description="Horizon that the impact must have, trading sessions, 1 to 250."
    )
    sentiment: SentimentLabel | None = Field(default=None, description="Sentiment label that the impact must have.")
    min_impact_score: Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False, strict=True)] | None = Field(
        default=None, description="Minimum impact score, 0 to 100."
    )
    min_confidence: Unit | None = Field(default=None, description="Minimum confidence, 0 to 1.")
    min_novelty: Unit | None = Field(default=None, description="Minimum novelty, 0 (told before) to 1 (new).")
    min_relevance: Unit | None = Field(
        default=None, description="Minimum relevance of the text to the security, 0 to 1."
    )
    all: Annotated[Listed["When"], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="Conditions that must all hold, 1 to 20."
    )
    any: Annotated[Listed["When"], Field(min_length=1, max_length=20)] | None = Field(
        default=None, description="Conditions of which at least one must hold, 1 to 20."
    )
    not_: "When | None" = Field(default=None, alias="not", description="Conditions that must not hold together.")

    def document(self) -> WhenDocument:
        """Return the conditions as they are stored."""
        document: WhenDocument = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return document

    def condition(self) -> Condition:
        """Return the conditions as the index and the explanations take them."""
        own: dict[str, Any] = {}
        for field in FIELDS:
            value = getattr(self, field.name)
            own[field.name] = frozenset(value) if isinstance(value, list) else value
        return Condition(
            **own,
            all_of=tuple(each.condition() for each in self.all or ()),
            any_of=tuple(each.condition() for each in self.any or ()),
            none_of=self.not_.condition() if self.not_ is not None else None,
        )


# So many conditions are no rule that somebody wrote: making objects of a million of them takes seconds.
_MAX_NESTED = 10 * MAX_CONDITIONS


def _not_beyond_use(when: object) -> object:
    """Refuse conditions far beyond the limit before anything is made of them."""
    found, waiting = 0, [when]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found += 1
            if found > _MAX_NESTED:
                raise ValueError(f"a rule has up to {MAX_CONDITIONS} conditions; this one has over {_MAX_NESTED:,}")
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return when


DEFAULT_GROUP_BY: tuple[GroupLabel, ...] = ("ticker", "direction")


class RuleCreate(ClosedModel):
    """A rule. Intervals and their defaults are Alertmanager's; set `group_wait_seconds` to 0 to be notified at once."""

    name: Name = Field(description="Name of the rule, 1 to 200 characters; unique among rules that are not deleted.")
    when: Annotated[When, BeforeValidator(_not_beyond_use)] = Field(
        default_factory=When,
        description="Conditions on an impact; all that are given must hold. An empty object always holds.",
    )
    group_by: Listed[GroupLabel] = Field(
        default_factory=lambda: list(DEFAULT_GROUP_BY),
        max_length=10,
        description="Grouping labels: impacts with the same values of these make one alert.",
    )
    group_wait_seconds: Seconds = Field(
        default=30.0, description="Time to wait for more impacts before the first notice."
    )
    group_interval_seconds: Seconds = Field(default=300.0, description="Minimum time between notices of a group.")
    repeat_interval_seconds: Annotated[float, Field(ge=60.0, le=31_536_000.0, allow_inf_nan=False, strict=True)] = (
        Field(default=14_400.0, description="A firing alert that nobody acknowledged is repeated after this time.")
    )
    cooldown_seconds: Seconds = Field(
        default=0.0,
        description="Time after a notice of a group during which its next alert is held back; nothing is lost.",
    )
    window_seconds: WindowSeconds = Field(
        default=14_400,
        description="Length of the window, by publication time, in which a group makes one alert. An alert without a "
        "further impact for this long expires, and its receivers are notified that it is over.",
    )
    severity: Severity = Field(default="warning", description="Severity of the alerts of the rule.")
    labels: Labels = Field(
        default_factory=dict,
        description="Labels of the alerts of the rule, at most 20; values of at most 200 characters.",
    )
    receivers: Listed[Name] = Field(
        default_factory=lambda: [DEFAULT_RECEIVER_NAME], max_length=20, description="Names or identifiers of receivers."
    )
    enabled: StrictBool = Field(default=True, description="Whether impacts are compared with the rule.")


class RuleRead(BaseModel):
    """A stored rule."""

    rule_id: UUID = Field(description="Identifier of the rule.")
    name: str = Field(description="Its name, unique among rules that are not deleted.")
    when: dict[str, Any] = Field(
        description="Conditions on an impact; all that are given must hold. An empty object always holds."
    )
    group_by: list[str] = Field(description="Grouping labels: impacts with the same values of these make one alert.")
    group_wait_seconds: float = Field(
        description="Seconds to wait for more impacts before the first notice, 0 to 31,536,000."
    )
    group_interval_seconds: float = Field(description="Minimum seconds between notices of a group, 0 to 31,536,000.")
    repeat_interval_seconds: float = Field(
        description="Seconds after which the notice of a firing alert is repeated, 60 to 31,536,000."
    )
    cooldown_seconds: float = Field(
        description="Seconds after a notice during which the next alert of its group is held back, 0 to 31,536,000."
    )
    window_seconds: int = Field(
        description="Length in seconds of the window in which a group makes one alert, 60 to 31,536,000."
    )
    severity: Severity = Field(description="Severity of its alerts.")
    labels: dict[str, str] = Field(description="Labels that its alerts carry.")
    receivers: list[str] = Field(description="Names of the receivers.")
    enabled: bool = Field(description="Whether it makes alerts.")
    revision: int = Field(description="Version number, increased by every change. Part of the `ETag`.")
    created_at: datetime = Field(description="When it was created.")
    updated_at: datetime = Field(description="When it last changed.")


class FindingRead(BaseModel):
    """A finding on a rule: an `error` makes it useless, a `warning` is worth a second look."""

    code: str = Field(description="Stable code of the finding, for example `never_matches`.")
    level: Literal["error", "warning"] = Field(
        description="`error` when the rule is useless, `warning` when it is worth a second look."
    )
    path: str = Field(description="The field that the finding is about, for example `when.any[1]`.")
    message: str = Field(description="The finding in words.")

    @classmethod
    def of(cls, finding: Finding) -> "FindingRead":
        """Return the wire form."""
        return cls(code=finding.code, level=finding.level, path=finding.path, message=finding.message)


class RuleValidation(BaseModel):
    """The findings on a rule; `valid` unless one of them is an error."""

    valid: bool = Field(description="Whether no finding is an error.")
    findings: list[FindingRead] = Field(description="The findings; empty when there are none.")
