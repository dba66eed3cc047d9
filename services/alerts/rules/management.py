"""Creates, changes, removes, reads and checks rules."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from alerts.built_in import DEFAULT_RECEIVER_NAME, SYSTEM_RULE_ID
from alerts.engine import Engine
from alerts.matching.conditions import CHARACTERS_PER_CONDITION, MAX_CONDITIONS, MAX_DEPTH, depth, size
from alerts.matching.linting import Timing, lint
from alerts.repository import receivers, rules
from alerts.repository.rules import RuleDefinition, RuleRow
from alerts.schemas.rules import FindingRead, RuleCreate, RuleRead, RuleValidation
from common.clock import uuid7
from common.errors import Conflict, NotFound
from common.offloading import off_loop_if_large
from common.postgres.database import Connection


async def create_rule(engine: Engine, connection: Connection, rule: RuleCreate) -> RuleRead:
    """Store a rule; it holds from the next batch of impacts on."""
    definition = await _definition(connection, rule, engine.runtime.clock.now())
    row = await rules.insert_rule(connection, uuid7(), definition)
    return (await read_rules(connection, [row]))[0]


async def replace_rule(engine: Engine, connection: Connection, current: RuleRow, rule: RuleCreate) -> RuleRead:
    """Give a rule a new definition; alerts it has made stay as they are."""
    definition = await _definition(connection, rule, engine.runtime.clock.now())
    row = await rules.update_rule(connection, current.rule_id, definition)
    return (await read_rules(connection, [row]))[0]


async def delete_rule(engine: Engine, connection: Connection, rule: RuleRow) -> None:
    """Remove a rule; alerts it has made stay.

    Raises
    ------
    Conflict
        It is the rule of the platform's events.
    """
    if rule.rule_id == SYSTEM_RULE_ID:
        raise Conflict("The rule for platform events is built in; remove its receivers instead.", code="built_in")
    await rules.delete_rule(connection, rule.rule_id, engine.runtime.clock.now())


async def required_rule(connection: Connection, rule_id: UUID, *, for_update: bool = False) -> RuleRow:
    """Return a stored rule; `NotFound` when there is none."""
    return NotFound.unless(await rules.find_rule(connection, rule_id, for_update=for_update), "rule", rule_id)


async def read_rules(connection: Connection, rows: Sequence[RuleRow]) -> list[RuleRead]:
    """Return the wire form of stored rules, their receivers by name."""
    wanted = {UUID(receiver_id) for row in rows for receiver_id in row.receivers}
    found = await receivers.list_receiver_names(connection, [], sorted(wanted)) if wanted else []
    names = {str(row.receiver_id): row.name for row in found}
    return [
        RuleRead.model_validate(
            {
                **row._asdict(),
                "enabled": row.is_enabled,
                "receivers": [names[each] for each in row.receivers if each in names],
            }
        )
        for row in rows
    ]


async def _definition(connection: Connection, rule: RuleCreate, now: datetime) -> RuleDefinition:
    condition = rule.when.condition()
    if depth(condition) > MAX_DEPTH or size(condition) > MAX_CONDITIONS:
        raise Conflict(
            f"Conditions nest up to {MAX_DEPTH} levels, {MAX_CONDITIONS} in all.", code="conditions_too_complex"
        )
    ids = await receiver_ids(connection, rule)
    return RuleDefinition(
        name=rule.name,
        when=rule.when.document(),
        group_by=rule.group_by,
        group_wait_seconds=rule.group_wait_seconds,
        group_interval_seconds=rule.group_interval_seconds,
        repeat_interval_seconds=rule.repeat_interval_seconds,
        cooldown_seconds=rule.cooldown_seconds,
        window_seconds=rule.window_seconds,
        severity=rule.severity,
        labels=rule.labels,
        receivers=[str(receiver_id) for receiver_id in ids],
        is_enabled=rule.enabled,
        updated_at=now,
    )


async def receiver_ids(connection: Connection, rule: RuleCreate) -> list[UUID]:
    """Return the receivers that a rule names, by name or identifier.

    Raises
    ------
    Conflict
        There is no such receiver. Only the log receiver that is there by default may be missing silently.
    """
    given = list(dict.fromkeys(rule.receivers))
    if not given:
        return []
    by_id = {receiver_id: text for text in given if (receiver_id := _uuid(text)) is not None}
    found = await receivers.list_receiver_names(connection, given, list(by_id))
    known = {row.name: row.receiver_id for row in found}
    known |= {by_id[row.receiver_id]: row.receiver_id for row in found if row.receiver_id in by_id}
    unknown = [name for name in given if name not in known]
    if unknown and given != [DEFAULT_RECEIVER_NAME]:
        raise Conflict(f"There is no receiver {', '.join(map(repr, unknown))}.", code="unknown_receiver")
    return list(dict.fromkeys(known[name] for name in given if name in known))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def validate_rule(engine: Engine, rule: RuleCreate) -> RuleValidation:
    """Return what is questionable about a rule that is not stored."""
    timing = Timing(
        rule.group_wait_seconds, rule.group_interval_seconds, rule.repeat_interval_seconds, rule.cooldown_seconds
    )
    async with engine.runtime.database.reading() as connection:
        ids = await receiver_ids(connection, rule)
    condition = rule.when.condition()
    found = await off_loop_if_large(
        lambda: lint(condition, timing, n_receivers=len(ids)), characters=size(condition) * CHARACTERS_PER_CONDITION
    )
    findings = [FindingRead.of(each) for each in found]
    return RuleValidation(valid=all(each.level != "error" for each in findings), findings=findings)
