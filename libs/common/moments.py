"""Moments as people write them: RFC 3339, and never a bare number."""

import re
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _dated(value: object) -> object:
    """Refuse numbers, which pydantic would read as seconds since 1970."""
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("a moment is written as RFC 3339, for example 2026-03-02T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_dated)]
