"""Reads single estimates with what belongs to them."""

from datetime import datetime
from uuid import UUID

from common.contracts import Impact
from common.errors import NotFound
from common.postgres.database import Connection
from common.postgres.rows import AnyRow
from market_impact.impacts.explanation import explain
from market_impact.impacts.outcome import Outcome, outcome_of
from market_impact.repository import impacts
from market_impact.schemas import ExplanationRead

_NEAREST_EVENTS = 10


async def read_impact(connection: Connection, impact_id: UUID, as_of: datetime | None) -> Impact:
    """Return an estimate as it is, or as it could be read at `as_of`; `NotFound` when it was not there then."""
    row = await _row(connection, impact_id)
    gone = row.superseded_at is not None and (as_of is None or row.superseded_at <= as_of)
    if as_of is not None and (row.recorded_at > as_of or gone):
        raise NotFound(f"No impact {impact_id} at {as_of.isoformat()}.")
    impact = Impact.model_validate_json(row.document)
    return impact.model_copy(update={"state": "retracted"}) if gone and row.is_withdrawn else impact


async def read_explanation(connection: Connection, impact_id: UUID) -> ExplanationRead:
    """Return what an estimate is made of; `NotFound` without it."""
    row = await _row(connection, impact_id)
    return explain(row, await impacts.read_similar(connection, row, _NEAREST_EVENTS))


async def read_outcome(connection: Connection, impact_id: UUID) -> Outcome:
    """Return what happened; `NotFound` without the estimate."""
    row = await _row(connection, impact_id)
    return outcome_of(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


async def _row(connection: Connection, impact_id: UUID) -> AnyRow:
    row = await impacts.read_impact(connection, impact_id)
    if row is None:
        raise NotFound(f"No impact {impact_id}.")
    return row
