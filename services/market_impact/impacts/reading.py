"""Reads single estimates with their explanation and outcome."""

from datetime import datetime
from uuid import UUID

from common.contracts import Impact
from common.errors import NotFound
from common.postgres.database import Connection
from market_impact.impacts.explanation import explain
from market_impact.impacts.outcome import outcome_of
from market_impact.impacts.stored import impact_of
from market_impact.repository import impacts
from market_impact.repository.impacts import StoredImpact
from market_impact.schemas.impacts import ExplanationRead, Outcome

_NEAREST_EVENTS = 10


async def read_impact(connection: Connection, impact_id: UUID, as_of: datetime | None) -> Impact:
    """Return an estimate as it is, or as it could be read at `as_of`; `NotFound` when it was not there then."""
    stored = await required_impact(connection, impact_id)
    gone = stored.superseded_at is not None and (as_of is None or stored.superseded_at <= as_of)
    if as_of is not None and (stored.recorded_at > as_of or gone):
        raise NotFound.of("impact", impact_id, at=as_of)
    impact = impact_of(stored.document)
    return impact.model_copy(update={"state": "retracted"}) if gone and stored.is_withdrawn else impact


async def read_explanation(connection: Connection, impact_id: UUID) -> ExplanationRead:
    """Return what an estimate is made of; `NotFound` without it."""
    stored = await required_impact(connection, impact_id)
    return explain(stored, await impacts.list_similar_events(connection, stored, _NEAREST_EVENTS))


async def read_outcome(connection: Connection, impact_id: UUID) -> Outcome:
    """Return what happened; `NotFound` without the estimate."""
    return outcome_of(await required_impact(connection, impact_id))


async def required_impact(connection: Connection, impact_id: UUID) -> StoredImpact:
    """Return a stored estimate; `NotFound` without it."""
    return NotFound.unless(await impacts.find_impact(connection, impact_id), "impact", impact_id)
