"""The date type of this service's bodies and tables: `YYYY-MM-DD`, never a number of seconds."""

import re
from datetime import date
from typing import Annotated, TypeGuard

from pydantic import BeforeValidator

_WRITTEN_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def is_written_day(value: object) -> TypeGuard[str]:
    """Return whether `value` is text in the form YYYY-MM-DD; whether there is such a day is not asked."""
    return isinstance(value, str) and _WRITTEN_DAY.fullmatch(value) is not None


def _day(value: object) -> object:
    if not isinstance(value, date) and not is_written_day(value):
        raise ValueError("a date must be written as YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_day)]
