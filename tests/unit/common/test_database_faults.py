"""What an error of the database means, and whom it is blamed on."""

import pytest
from asyncpg import exceptions as postgres
from sqlalchemy.exc import DBAPIError

from common.batches.item_isolation import is_items_fault
from common.errors import DatabaseUnavailable, NotFound
from common.postgres.faults import database_fault


@pytest.mark.parametrize(
    ("error", "fault", "is_items"),
    [
        (postgres.CharacterNotInRepertoireError("NUL"), "invalid_value", True),
        (postgres.NumericValueOutOfRangeError("large"), "invalid_value", True),
        (postgres.ProgramLimitExceededError("index row size"), "invalid_value", True),
        (postgres.StatementTooComplexError("stack depth limit exceeded"), "too_complex", True),
        (postgres.InternalServerError("tsquery stack too small"), "too_complex", True),
        (postgres.InternalServerError("cache lookup failed for type 16387"), "unexpected", False),
        (postgres.TooManyArgumentsError("more than 32767"), "unexpected", False),
        (postgres.UniqueViolationError("twice"), "conflict", True),
        (postgres.DeadlockDetectedError("a deadlock"), "unavailable", False),
        (postgres.SerializationError("again"), "unavailable", False),
        (postgres.DiskFullError("full"), "unavailable", False),
        (postgres.TooManyConnectionsError("too many"), "unavailable", False),
        (postgres.AdminShutdownError("stopping"), "unavailable", False),
        (postgres.UndefinedColumnError("an older schema"), "unexpected", False),
        (postgres.ReadOnlySQLTransactionError("a replica"), "unavailable", False),
        (postgres.IdleInTransactionSessionTimeoutError("idle"), "unavailable", False),
        (postgres.ActiveSQLTransactionError("VACUUM"), "unexpected", False),
        (postgres.QueryCanceledError("statement timeout"), "unavailable", False),
        (postgres.LockNotAvailableError("lock timeout"), "unavailable", False),
        (postgres.ObjectInUseError("accessed by other users"), "unavailable", False),
        (postgres.ObjectNotInPrerequisiteStateError("currval"), "unexpected", False),
        (postgres.PostgresSystemError("fsync"), "unavailable", False),
        (postgres.PostgresIOError("could not read block"), "unavailable", False),
        (postgres.UndefinedFileError("could not open file"), "unavailable", False),
        (postgres.InvalidAuthorizationSpecificationError("not permitted to log in"), "unavailable", False),
        (postgres.InvalidCachedStatementError("cached statement plan is invalid"), "unavailable", False),
        (postgres.FeatureNotSupportedError("not implemented"), "unexpected", False),
        (postgres.DataCorruptedError("invalid page"), "unexpected", False),
    ],
)
def test_an_error_of_postgresql_is_blamed_on_an_item_or_on_none(
    error: postgres.PostgresError, fault: str, is_items: bool
) -> None:
    assert database_fault(error) == fault
    assert is_items_fault(error) is is_items


def test_a_fault_is_told_by_what_postgresql_says_and_not_by_the_values_of_the_statement() -> None:
    cause = Exception("could not open file")
    cause.sqlstate = "XX000"  # type: ignore[attr-defined]  # as SQLAlchemy's wrapper of the driver's error has it

    assert database_fault(DBAPIError("SELECT 1", {"q": "tsquery"}, cause)) == "unexpected"


@pytest.mark.parametrize(
    "error", [DatabaseUnavailable(OSError()), NotFound("nothing"), OSError("disk"), TimeoutError(), MemoryError()]
)
def test_what_no_item_can_help_is_blamed_on_none(error: Exception) -> None:
    assert not is_items_fault(error)


@pytest.mark.parametrize("error", [IndexError("0"), ZeroDivisionError(), OverflowError(), RecursionError()])
def test_an_exception_of_the_work_itself_is_blamed_on_the_item(error: Exception) -> None:
    assert is_items_fault(error)
