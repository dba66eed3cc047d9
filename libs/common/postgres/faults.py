"""What an error of PostgreSQL or its driver means: the value or query does not fit, a conflict, no database."""

from typing import Literal

from asyncpg.exceptions import DataError, PostgresError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

DatabaseFault = Literal["invalid_value", "too_complex", "conflict", "unavailable", "unexpected"]


def database_fault(error: DBAPIError | PostgresError) -> DatabaseFault:
    """Return what `error` means; `unexpected` is a fault of ours or of the server, not of the request."""
    if isinstance(error, PostgresError):
        return _by_sqlstate(error.sqlstate, str(error))
    if isinstance(error, (OperationalError, InterfaceError)) or error.connection_invalidated:
        return "unavailable"
    if isinstance(getattr(error.orig, "__cause__", None), DataError):
        return "invalid_value"
    # Not the message of `error` itself, which also has the statement and its values.
    return _by_sqlstate(getattr(error.orig, "sqlstate", None), str(error.orig))


def _by_sqlstate(sqlstate: object, message: str) -> DatabaseFault:
    code = str(sqlstate or "")
    # 22 is "data exception": a value that no column can hold, for example a NUL or a number out of range; 54000 is one
    # that is too large for an index.
    if code.startswith("22") or code == "54000":
        return "invalid_value"
    # 54001 is "statement too complex". A text search of more than 32 operators within each other ("tsquery stack too
    # small") is an "internal error" to PostgreSQL, although it is the search that is to blame.
    if code == "54001" or (code == "XX000" and "tsquery" in message):
        return "too_complex"
    # 23 is "integrity constraint violation": two requests at once made what may exist once.
    if code.startswith("23"):
        return "conflict"
    # 08: the connection broke; 40: the transaction was chosen to give way, for example in a deadlock; 53: out of
    # memory, disk or connections; 57P: the server is shutting down or starting.
    if code[:2] in {"08", "40", "53"} or code.startswith("57P"):
        return "unavailable"
    return "unexpected"
