"""Timestamps on the wire: RFC 3339, never a bare number."""

import re
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _dated(value: object) -> object:
    """Refuse numbers, which pydantic would read as seconds since 1970."""
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("a time must be written as RFC 3339, for example 2026-03-02T12:00:00Z")
    return value


def _within_the_calendar(moment: datetime) -> datetime:
    """Refuse a moment that its zone carries out of the years that there are, so that it cannot be reckoned with."""
    if not MINYEAR < moment.year < MAXYEAR:
        try:
            moment.astimezone(UTC)
        except OverflowError as error:
            raise ValueError("a time must be between the years 1 and 9999, in UTC too") from error
    return moment


# Of senders whose clocks are not ours: as they write it, at the ends of the calendar too.
ForeignMoment = Annotated[AwareDatetime, BeforeValidator(_dated)]
# For the contracts between services: a moment that every service can reckon with.
SafeMoment = Annotated[AwareDatetime, AfterValidator(_within_the_calendar)]
Moment = Annotated[SafeMoment, BeforeValidator(_dated)]
