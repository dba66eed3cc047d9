"""What a new installation starts with: a log receiver and two rules, so that the first headlines show alerts."""

from alerts.built_in import DEFAULT_RECEIVER_NAME
from alerts.delivery.channels.log import LogCreate
from alerts.engine import Engine
from alerts.receivers.management import create_receiver
from alerts.repository import rules, system_events
from alerts.rules.management import create_rule
from alerts.schemas.rules import RuleCreate, When
from common.postgres.database import within

DEFAULT_RULES = (
    RuleCreate(
        name="Notable move expected",
        when=When(min_impact_score=30.0),
        group_by=["ticker", "direction"],
        group_wait_seconds=0.0,
        severity="info",
    ),
    RuleCreate(
        name="Strong move expected",
        when=When(min_impact_score=60.0, min_novelty=0.5),
        group_by=["ticker", "direction"],
        group_wait_seconds=0.0,
        severity="critical",
    ),
)


async def seed(engine: Engine) -> None:
    """Fill a database that has never had rules; of several replicas that start at once only one does."""
    runtime = engine.runtime
    async with runtime.database.transaction() as connection:
        is_new = await rules.insert_rule_set(connection)
        if not engine.settings.seed_default_rules:
            return
        if is_new:
            await create_receiver(engine, within(connection), LogCreate(name=DEFAULT_RECEIVER_NAME, kind="log"))
            for rule in DEFAULT_RULES:
                await create_rule(engine, connection, rule)
        # In every database, one of an earlier release too: its receivers can be set before anything has happened.
        await system_events.insert_system_rule(connection, runtime.clock.now())
