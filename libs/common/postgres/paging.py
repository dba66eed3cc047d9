"""Keyset pagination: an opaque cursor marks the last row seen, so pages stay right while rows arrive."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, ColumnElement, Select, literal, tuple_

from common.errors import NotFound

ReadT = TypeVar("ReadT")
RowT = TypeVar("RowT")
Key = datetime | UUID | int | str


class Page(BaseModel, Generic[ReadT]):
    """One page of a list; `next_cursor` is null on the last one."""

    data: list[ReadT] = Field(description="Items of the page, newest first.")
    next_cursor: str | None = Field(default=None, description="Pass it as `cursor` to get the next page.")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What the query string asks for: at most `limit` rows after the row that `cursor` marks."""

    limit: int
    cursor: str | None = None

    def answer(
        self, rows: Sequence[RowT], *, key: Callable[[RowT], tuple[Key, ...]], read: Callable[[RowT], ReadT | None]
    ) -> Page[ReadT]:
        """Return the page of `rows`, which hold one row more than `limit` when there is a next page.

        Notes
        -----
        A row of which `read` returns None is left out, and the page is shorter.
        """
        shown = rows[: self.limit]
        next_cursor = encode_cursor(key(shown[-1])) if len(rows) > self.limit else None
        return Page(data=[found for row in shown if (found := read(row)) is not None], next_cursor=next_cursor)


def keyset(statement: Select[Any], page: PageRequest, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """Return `statement` ordered by `columns`, newest first, limited to the page and one row more.

    Parameters
    ----------
    columns : the sort key; the last one is unique, so that the order is total.
    """
    if page.cursor is not None:
        last = [_bound(part) for part in decode_cursor(page.cursor, [column.type.python_type for column in columns])]
        statement = statement.where(tuple_(*columns) < tuple_(*last))
    return statement.order_by(*(column.desc() for column in columns)).limit(page.limit + 1)


def _bound(part: Key) -> ColumnElement[Any]:
    # A number that no row of a narrower column can have is a place in the list all the same.
    return literal(part, BigInteger()) if isinstance(part, int) else literal(part)


def encode_cursor(key: tuple[Key, ...]) -> str:
    """Return the opaque text of a sort key."""
    plain = [
        part.isoformat() if isinstance(part, datetime) else str(part) if isinstance(part, UUID) else part
        for part in key
    ]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, types: Sequence[type]) -> list[Key]:
    """Return the sort key that `cursor` marks; `NotFound` when it is not one that this list gave out."""
    try:
        plain = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(plain, list) or len(plain) != len(types):
            raise ValueError("wrong number of parts")  # noqa: TRY301 - all failures end in one message
        return [_PARSERS[kind](part) for part, kind in zip(plain, types, strict=True)]
    except (ValueError, OverflowError, RecursionError) as error:
        raise NotFound("The cursor does not belong to this list.", code="unknown_cursor") from error


def _text(part: object) -> str:
    if not isinstance(part, str):
        raise ValueError(f"{type(part).__name__} instead of a text")  # noqa: TRY004 - whoever wrote it is a stranger
    if "\x00" in part:
        raise ValueError("a text that PostgreSQL cannot hold")
    part.encode()
    return part


def _moment(part: object) -> datetime:
    moment = datetime.fromisoformat(_text(part))
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    # Near the ends of the calendar a moment exists in its own zone only.
    moment.astimezone(UTC)
    return moment


def _identifier(part: object) -> UUID:
    return UUID(_text(part))


def _integer(part: object) -> int:
    if type(part) is not int or abs(part) >= 2**63:
        raise ValueError("not an integer of 64 bits")
    return part


# One for each type that a sort key is made of; each takes any JSON value, and raises ValueError or OverflowError only.
_PARSERS: dict[type, Callable[[object], Key]] = {str: _text, datetime: _moment, UUID: _identifier, int: _integer}
