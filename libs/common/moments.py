"""Moments as people write them: RFC 3339, and never a bare number."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_FIRST_YEAR, _LAST_YEAR = 1900, 9998
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _dated(value: object) -> object:
    """Refuse numbers, which pydantic would read as seconds since 1970."""
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("a moment is written as RFC 3339, for example 2026-03-02T12:00:00Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    """Return `moment` in UTC; at either end of the calendar its zone can carry it out of the years that there are."""
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("a moment lies between the years 1 and 9999, in UTC too") from error


def _reckonable(moment: datetime) -> datetime:
    """Return `moment`, which another zone or some days more will not carry out of the calendar."""
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"a moment lies between the years {_FIRST_YEAR} and {_LAST_YEAR}, not in {moment.year}")
    return moment


# Of senders whose clocks are not ours: as they write it, at the ends of the calendar too.
ForeignMoment = Annotated[AwareDatetime, BeforeValidator(_dated)]
# For the contracts between services: a moment that every service can reckon with.
UTCMoment = Annotated[AwareDatetime, AfterValidator(_in_utc), AfterValidator(_reckonable)]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc), BeforeValidator(_dated)]
