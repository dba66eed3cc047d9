"""All SQL of the alerts service."""

from sqlalchemy import text

from common.postgres.database import Connection

_COUNTS = text(
    """
    SELECT (SELECT count(*) FROM signal) AS received,
           (SELECT count(*) FROM signal WHERE is_matched) AS matched,
           (SELECT count(*) FROM alert) AS alerts,
           (SELECT count(*) FROM delivery) AS deliveries,
           (SELECT count(*) FROM delivery WHERE state = 'delivered') AS delivered,
           (SELECT count(*) FROM delivery WHERE state = 'failed') AS failed
    """
)


async def counts(connection: Connection) -> dict[str, int]:
    """Return how many impacts were received and matched, and how many alerts and deliveries there are."""
    row = (await connection.execute(_COUNTS)).one()
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
