"""The page of a list that a query string asks for."""

from typing import Annotated

from fastapi import Depends, Query

from common.postgres.paging import PageRequest


async def page_request(
    limit: Annotated[int, Query(ge=1, le=200, description="Maximum items per page.")] = 50,
    cursor: Annotated[
        str | None,
        Query(
            max_length=500, description="`next_cursor` of the previous page; opaque. An unknown cursor is answered 404."
        ),
    ] = None,
) -> PageRequest:
    """Return the page that the query string asks for."""
    return PageRequest(limit, cursor)


PageDep = Annotated[PageRequest, Depends(page_request)]
