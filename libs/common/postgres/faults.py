"""What an error of PostgreSQL or its driver means: the value or query does not fit, a conflict, no database."""

from typing import Literal

from asyncpg.exceptions import DataError, PostgresError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

DatabaseFault = Literal["invalid_value", "too_complex", "conflict", "unavailable", "unexpected"]

# Classes of which every error passes, and that no request is to blame for. 08: the connection broke; 28: the role may
# not connect now; 40: the transaction was chosen to give way, for example in a deadlock; 53: out of memory, disk or
# connections; 57: an operator or a time limit ended the statement, or the server stops or starts; 58: the server's
# system failed to read or write.
_UNAVAILABLE_CLASSES = frozenset({"08", "28", "40", "53", "57", "58"})
# Of other classes, whose other errors are faults of ours (25001: no statement for within a transaction).
_UNAVAILABLE = frozenset(
    {
        "25006",  # read-only, as a server is that was replaced by its standby
        "25P03",  # the server ended an idle transaction
        "25P04",  # the server ended a transaction that took too long
        "3D000",  # the database is not there, as while it is restored
        "55006",  # somebody uses what must be free
        "55P03",  # a lock was not to be had in time
        "72000",  # what the statement was to read is gone
    }
)


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
    if code[:2] in _UNAVAILABLE_CLASSES or code in _UNAVAILABLE or (code == "0A000" and "cached statement" in message):
        return "unavailable"
    return "unexpected"
