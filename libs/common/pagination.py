"""Keyset pagination: an opaque cursor marks the last row seen, so pages stay right while rows arrive."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Row, Select, tuple_

from common.errors import NotFound

ReadT = TypeVar("ReadT")
Key = datetime | UUID | int | float | str


class Page(BaseModel, Generic[ReadT]):
    """One page of a list; `next_cursor` is null on the last one."""

    data: list[ReadT]
    next_cursor: str | None = Field(default=None, description="Pass it as `cursor` to get the next page.")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What the query string asks for: at most `limit` rows after the row that `cursor` marks."""

    limit: int
    cursor: str | None = None

    def answer(
        self, rows: Sequence[Row[Any]], *, key: Callable[[Row[Any]], tuple[Key, ...]], read: Callable[[Row[Any]], ReadT]
    ) -> Page[ReadT]:
        """Return the page of `rows`, which hold one row more than `limit` when there is a next page."""
        shown = rows[: self.limit]
        next_cursor = encode_cursor(key(shown[-1])) if len(rows) > self.limit else None
        return Page(data=[read(row) for row in shown], next_cursor=next_cursor)


async def page_request(
    limit: Annotated[int, Query(ge=1, le=200, description="Most rows of the page.")] = 50,
    cursor: Annotated[
        str | None,
        Query(max_length=500, description="`next_cursor` of the page before; opaque. An unknown one is a 404."),
    ] = None,
) -> PageRequest:
    """Return the page that the query string asks for."""
    return PageRequest(limit, cursor)


PageDep = Annotated[PageRequest, Depends(page_request)]


def keyset(statement: Select[Any], page: PageRequest, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """Return `statement` ordered by `columns`, newest first, limited to the page and one row more.

    Parameters
    ----------
    columns : the sort key; the last one is unique, so that the order is total.
    """
    if page.cursor is not None:
        last = decode_cursor(page.cursor, [column.type.python_type for column in columns])
        statement = statement.where(tuple_(*columns) < tuple_(*last))
    return statement.order_by(*(column.desc() for column in columns)).limit(page.limit + 1)


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
        return [_parse(part, kind) for part, kind in zip(plain, types, strict=True)]
    except (ValueError, TypeError, OverflowError, binascii.Error, RecursionError) as error:
        raise NotFound("The cursor marks no place in this list.", code="unknown_cursor") from error


def _parse(part: Any, kind: type) -> Key:
    if kind is datetime:
        moment = datetime.fromisoformat(part)
        if moment.tzinfo is None:
            raise ValueError("a moment without a zone")
        return moment
    if kind is UUID:
        return UUID(part)
    if kind is int and not (isinstance(part, int) and abs(part) < 2**63):
        raise ValueError("not an integer")
    if kind is str and "\x00" in part:
        raise ValueError("not a text")
    return kind(part)  # type: ignore[no-any-return]
