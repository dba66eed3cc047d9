"""Rules on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from alerts.matching.conditions import MAX_CONDITIONS, Condition
from alerts.matching.grouping import GroupLabel
from alerts.matching.linting import Finding
from common.contracts import Basis, Direction, SentimentLabel, Severity
from common.contracts.text import Name, Ticker

Term = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:/ \-]*$")]
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,62}$")]
LabelValue = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
# Without `additionalProperties` the schema would allow any name that does not fit the pattern.
Labels = Annotated[dict[LabelName, LabelValue], Field(max_length=20, json_schema_extra={"additionalProperties": False})]


def _not_text(value: object) -> object:
    """Refuse what Python would take for a whole number and JSON does not: text and booleans."""
    if isinstance(value, (str, bool)):
        raise ValueError("a number is not written as text or as a boolean")  # noqa: TRY004 - pydantic reads ValueError
    return value


Horizon = Annotated[int, Field(ge=1, le=250), BeforeValidator(_not_text)]
WindowSeconds = Annotated[int, Field(ge=60, le=31_536_000), BeforeValidator(_not_text)]
Unit = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False, strict=True)]
Terms = Annotated[list[Term], Field(min_length=1, max_length=200)]
Seconds = Annotated[float, Field(ge=0.0, le=31_536_000.0, allow_inf_nan=False, strict=True)]


class When(BaseModel):
    """The conditions of a rule; all that are given must hold.

    Notes
    -----
    `tickers`, `topics` and `event_types` hold when the impact has any of the values. `all`, `any` and `not` nest up to
    five levels, with 200 conditions in all.
    """

    model_config = ConfigDict(extra="forbid")

    tickers: Annotated[list[Ticker], Field(min_length=1, max_length=1_000)] | None = None
    topics: Terms | None = None
    event_types: Terms | None = None
    direction: Direction | None = None
    basis: Basis | None = None
    horizon_days: Horizon | None = Field(default=None, description="Trading sessions.")
    sentiment: SentimentLabel | None = None
    min_impact_score: Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False, strict=True)] | None = None
    min_confidence: Unit | None = None
    min_novelty: Unit | None = None
    min_relevance: Unit | None = None
    all: Annotated[list["When"], Field(min_length=1, max_length=20)] | None = None
    any: Annotated[list["When"], Field(min_length=1, max_length=20)] | None = None
    not_: "When | None" = Field(default=None, alias="not")

    def condition(self) -> Condition:
        """Return the conditions as the index and the explanations take them."""
        return Condition(
            tickers=_set(self.tickers),
            topics=_set(self.topics),
            event_types=_set(self.event_types),
            direction=self.direction,
            basis=self.basis,
            horizon_days=self.horizon_days,
            sentiment=self.sentiment,
            min_impact_score=self.min_impact_score,
            min_confidence=self.min_confidence,
            min_novelty=self.min_novelty,
            min_relevance=self.min_relevance,
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


def _set(values: list[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)


DEFAULT_GROUP_BY: tuple[GroupLabel, ...] = ("ticker", "direction")


class RuleCreate(BaseModel):
    """A rule. The intervals are Alertmanager's, with its defaults; set `group_wait_seconds` to 0 to be told at once."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    when: Annotated[When, BeforeValidator(_not_beyond_use)] = Field(default_factory=When)
    group_by: list[GroupLabel] = Field(
        default_factory=lambda: list(DEFAULT_GROUP_BY),
        max_length=10,
        description="Impacts with the same values of these make one alert.",
    )
    group_wait_seconds: Seconds = Field(default=30.0, description="Wait for more impacts before the first notice.")
    group_interval_seconds: Seconds = Field(default=300.0, description="Least time between notices of a group.")
    repeat_interval_seconds: Annotated[float, Field(ge=60.0, le=31_536_000.0, allow_inf_nan=False, strict=True)] = (
        Field(default=14_400.0, description="A firing alert that nobody acknowledged is repeated after this time.")
    )
    cooldown_seconds: Seconds = Field(
        default=0.0, description="After a notice of a group, its next alert is held back this long; nothing is lost."
    )
    window_seconds: WindowSeconds = Field(
        default=14_400,
        description="Length of the window, by the news' own time, in which a group makes one alert. An alert that gets "
        "no further impact for as long expires.",
    )
    severity: Severity = "warning"
    labels: Labels = Field(default_factory=dict)
    receivers: list[Name] = Field(
        default_factory=lambda: ["log"], max_length=20, description="Names or identifiers of receivers."
    )
    enabled: StrictBool = True


class RuleRead(BaseModel):
    """A stored rule."""

    rule_id: UUID
    name: str
    when: dict[str, Any]
    group_by: list[str]
    group_wait_seconds: float
    group_interval_seconds: float
    repeat_interval_seconds: float
    cooldown_seconds: float
    window_seconds: int
    severity: Severity
    labels: dict[str, str]
    receivers: list[str] = Field(description="Names of the receivers.")
    enabled: bool
    revision: int = Field(description="Grows by one with every change; part of the `ETag`.")
    created_at: datetime
    updated_at: datetime


class FindingRead(BaseModel):
    """A remark on a rule: an `error` makes it useless, a `warning` is worth a second look."""

    code: str
    level: Literal["error", "warning"]
    path: str
    message: str

    @classmethod
    def of(cls, finding: Finding) -> "FindingRead":
        """Return the wire form."""
        return cls(code=finding.code, level=finding.level, path=finding.path, message=finding.message)


class RuleValidation(BaseModel):
    """What is questionable about a rule; `valid` unless a finding is an error."""

    valid: bool
    findings: list[FindingRead]
