"""The rules in memory, kept in sync with the database, on which every batch of impacts is evaluated."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from alerts.built_in import SYSTEM_RULE_ID
from alerts.matching.grouping import GroupLabel
from alerts.matching.impact_facts import can_fire, facts_of
from alerts.matching.rule_index import Entry, RuleIndex, entries_of
from alerts.metrics import AlertMetrics
from alerts.repository import rules
from alerts.repository.rules import RuleRow
from alerts.schemas.rules import When
from common.contracts import Impact, Severity
from common.offloading import off_loop
from common.postgres.database import Connection

logger = structlog.get_logger(__name__)

# Loading 100,000 rules takes seconds; requests are let through in between.
_RULES_AT_ONCE = 500
_ENTRIES_AT_ONCE = 8_000


@dataclass(frozen=True, slots=True)
class ActiveRule:
    """What is done with the impacts that a rule matches."""

    rule_id: UUID
    name: str
    group_by: tuple[GroupLabel, ...]
    group_wait_seconds: float
    group_interval_seconds: float
    repeat_interval_seconds: float
    cooldown_seconds: float
    window_seconds: int
    severity: Severity
    labels: dict[str, str]
    receivers: tuple[UUID, ...]

    @classmethod
    def from_row(cls, row: RuleRow) -> "ActiveRule":
        """Return the rule of a stored row."""
        return cls(
            rule_id=row.rule_id,
            name=row.name,
            group_by=tuple(row.group_by),
            group_wait_seconds=row.group_wait_seconds,
            group_interval_seconds=row.group_interval_seconds,
            repeat_interval_seconds=row.repeat_interval_seconds,
            cooldown_seconds=row.cooldown_seconds,
            window_seconds=row.window_seconds,
            severity=row.severity,
            labels=row.labels,
            receivers=tuple(UUID(receiver_id) for receiver_id in row.receivers),
        )


_Read = tuple[ActiveRule, list[Entry]] | Exception | None


def _read(row: RuleRow) -> _Read:
    """Return a rule and how it is indexed; None for one that is off, and what was raised for one that is unreadable."""
    if not row.is_enabled or row.deleted_at is not None or row.rule_id == SYSTEM_RULE_ID:
        return None
    try:
        return ActiveRule.from_row(row), entries_of(When.model_validate(row.when).condition())
    except Exception as error:  # noqa: BLE001 - the caller logs and counts it
        return error


class ActiveRules:
    """The enabled rules, indexed.

    Notes
    -----
    `refresh` reads one number per batch and, when it has grown, the rules that changed since. So a rule created on any
    replica holds for the next batch on every replica.
    """

    def __init__(self, metrics: AlertMetrics) -> None:
        self._metrics = metrics
        self._index: RuleIndex[UUID] = RuleIndex()
        self._rules: dict[UUID, ActiveRule] = {}
        self._unread: set[UUID] = set()
        self._version = -1
        self._loading = asyncio.Lock()

    async def refresh(self, connection: Connection) -> None:
        """Take over what changed in the database since the last look."""
        if await rules.find_version(connection) <= self._version:
            return
        async with self._loading:
            changed = await rules.list_changed_rules(connection, self._version)
            for start in range(0, len(changed), _RULES_AT_ONCE):
                rows = changed[start : start + _RULES_AT_ONCE]
                # One rule may take as long to read as a thousand others.
                read = await off_loop(lambda rows=rows: [_read(row) for row in rows])  # type: ignore[misc]
                await self._take_over(rows, read)
            self._version = max((row.changed_in for row in changed), default=max(self._version, 0))
            self._metrics.rules.set(len(self._index))

    async def _take_over(self, rows: Sequence[RuleRow], read: Sequence[_Read]) -> None:
        """Take rules over; one that cannot be read, for example a later release's, stops no other from firing."""
        n_entries = 0
        for row, found in zip(rows, read, strict=True):
            self._unread.discard(row.rule_id)
            if isinstance(found, tuple):
                self._rules[row.rule_id], entries = found
                self._index.put(row.rule_id, entries)
                n_entries += len(entries)
            else:
                self._rules.pop(row.rule_id, None)
                self._index.discard(row.rule_id)
            if isinstance(found, Exception):
                self._unread.add(row.rule_id)
                logger.error("rule_is_unreadable", rule_id=str(row.rule_id), name=row.name, exc_info=found)
            if n_entries > _ENTRIES_AT_ONCE:
                n_entries = 0
                await asyncio.sleep(0)
        self._metrics.unreadable_rules.set(len(self._unread))

    def matching(self, impact: Impact) -> list[ActiveRule]:
        """Return the rules that `impact` fires."""
        if not can_fire(impact):
            return []
        return [self._rules[rule_id] for rule_id in self._index.matching(facts_of(impact))]
