"""`/rules`: what is worth an alert."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from alerts.dependencies import EngineDep
from alerts.repository import rules
from alerts.rules import management
from alerts.schemas.rules import RuleCreate, RuleRead, RuleValidation
from common.api.dependencies import ConnectionDep, ReadConnectionDep
from common.api.etags import ConditionalDep, etag_of
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.contracts import Severity
from common.errors import problems
from common.gateway import ALERTS
from common.postgres.paging import Page

RuleID = Annotated[UUID, Path(description="Identifier of the rule.")]
router = service_router(ALERTS, "rules", "Which impacts are worth an alert, and for whom.")


@router.post("/rules", status_code=201, responses=problems(409))
async def create_rule(
    rule: RuleCreate, connection: ConnectionDep, engine: EngineDep, conditional: ConditionalDep
) -> RuleRead:
    """Create a rule. It applies from the next batch of impacts on, on every replica.

    Before that, `POST /rules:validate` tells whether the rule can ever fire, and `POST /signals:evaluate` tries it.
    """
    created = await management.create_rule(engine, connection, rule)
    conditional.tag(etag_of(created.rule_id, created.revision))
    return created


@router.post("/rules:validate", responses=problems(409))
async def validate_rule(rule: RuleCreate, engine: EngineDep) -> RuleValidation:
    """Check a rule without storing it: whether it can never match, always fires or does less than it says."""
    return await management.validate_rule(engine, rule)


@router.get("/rules", responses=problems(404))
async def list_rules(
    connection: ReadConnectionDep,
    page: PageDep,
    enabled: Annotated[
        bool | None, Query(description="Only rules that are enabled (`true`) or disabled (`false`).")
    ] = None,
    severity: Annotated[Severity | None, Query(description="Only rules of this severity.")] = None,
) -> Page[RuleRead]:
    """List rules, the newest first."""
    rows = await rules.list_rules(connection, page, enabled=enabled, severity=severity)
    read = {rule.rule_id: rule for rule in await management.read_rules(connection, rows)}
    return page.answer(rows, key=lambda row: (row.rule_id,), read=lambda row: read[row.rule_id])


@router.get("/rules/{rule_id}", responses=problems(404))
async def read_rule(rule_id: RuleID, connection: ReadConnectionDep, conditional: ConditionalDep) -> RuleRead:
    """Read a rule."""
    row = await management.required_rule(connection, rule_id)
    conditional.answer(etag_of(row.rule_id, row.revision))
    return (await management.read_rules(connection, [row]))[0]


@router.put("/rules/{rule_id}", responses=problems(404, 409, 412))
async def replace_rule(
    rule_id: RuleID, rule: RuleCreate, connection: ConnectionDep, engine: EngineDep, conditional: ConditionalDep
) -> RuleRead:
    """Give a rule a new definition. Alerts it has made stay as they are."""
    row = await management.required_rule(connection, rule_id, for_update=True)
    conditional.require(etag_of(row.rule_id, row.revision))
    replaced = await management.replace_rule(engine, connection, row, rule)
    conditional.tag(etag_of(replaced.rule_id, replaced.revision))
    return replaced


@router.delete("/rules/{rule_id}", status_code=204, responses=problems(404, 409, 412))
async def delete_rule(
    rule_id: RuleID, connection: ConnectionDep, engine: EngineDep, conditional: ConditionalDep
) -> None:
    """Delete a rule. Alerts it has made stay."""
    row = await management.required_rule(connection, rule_id, for_update=True)
    conditional.require(etag_of(row.rule_id, row.revision))
    await management.delete_rule(engine, connection, row)
