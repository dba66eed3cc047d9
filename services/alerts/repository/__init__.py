"""All SQL of the alerts service."""

from typing import NamedTuple

from sqlalchemy import text

from common.postgres.database import Connection
from common.postgres.rows import find_one_row


class Counts(NamedTuple):
    """How many impacts were received and matched, how many alerts there are, and what became of deliveries."""

    received: int
    matched: int
    alerts: int
    deliveries: int
    delivered: int
    failed: int


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


async def find_counts(connection: Connection) -> dict[str, int]:
    """Return how many impacts were received and matched, and how many alerts and deliveries there are."""
    return (await find_one_row(connection, _COUNTS, Counts))._asdict()
