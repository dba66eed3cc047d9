"""Point-in-time reads: rows are never overwritten but superseded, so the past can be read as it was."""

from datetime import datetime

from sqlalchemy import ColumnElement, Table, and_, or_


def visible(table: Table, as_of: datetime | None = None) -> ColumnElement[bool]:
    """Return the condition for the versions that were current at `as_of`, or are now when it is None.

    Notes
    -----
    `table` has `recorded_at` (when the version was written) and `superseded_at` (when the next one was, or NULL).
    """
    if as_of is None:
        return table.c.superseded_at.is_(None)
    return and_(
        table.c.recorded_at <= as_of,
        or_(table.c.superseded_at.is_(None), table.c.superseded_at > as_of),
    )
