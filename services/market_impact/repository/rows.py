"""The type of a query's answer: rows of any columns."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

AnyRow = Row[*tuple[Any, ...]]
Rows = Sequence[AnyRow]
