"""Moments of the wire: aware, read into UTC, and within what every calendar and clock of ours can count."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

_FIRST_YEAR, _LAST_YEAR = 1900, 9998


def _in_utc(moment: datetime) -> datetime:
    # Not at the edge of the calendar, where another zone or a day's addition leaves it.
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"a moment lies between the years {_FIRST_YEAR} and {_LAST_YEAR}, not in {moment.year}")
    return moment.astimezone(UTC)


UTCMoment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
