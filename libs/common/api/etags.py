"""Conditional requests: `ETag` on single resources, 304 for up-to-date readers, 412 for late writers."""

import hashlib
from typing import Annotated

from fastapi import Depends, Request, Response

from common.errors import NotModified, PreconditionFailed


def etag_of(*parts: object) -> str:
    """Return a strong entity tag of whatever identifies a version, for example an id and a revision."""
    return f'"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


class Conditional:
    """The conditions of one request."""

    def __init__(self, response: Response, if_match: str | None, if_none_match: str | None) -> None:
        self._response = response
        self._if_match = _tags(if_match)
        self._if_none_match = _tags(if_none_match)

    def answer(self, etag: str) -> None:
        """Set `ETag` on the response; `NotModified` (304) when the reader already has this version."""
        if etag in self._if_none_match or "*" in self._if_none_match:
            raise NotModified(etag)
        self._response.headers["ETag"] = etag

    def require(self, etag: str) -> None:
        """Raise `PreconditionFailed` (412) when `If-Match` is given and names another version than `etag`."""
        if self._if_match and etag not in self._if_match and "*" not in self._if_match:
            raise PreconditionFailed("The resource has changed since the version named by If-Match; read it again.")

    def tag(self, etag: str) -> None:
        """Set `ETag` of the version that a write has just made."""
        self._response.headers["ETag"] = etag


async def conditional(request: Request, response: Response) -> Conditional:
    """Return the conditions that the request's headers state.

    Notes
    -----
    The headers are described in the API's introduction and not declared as parameters: a generated client or test that
    fills every declared parameter would meet 412 at every update.
    """
    is_read = request.method in {"GET", "HEAD"}
    header = request.headers.get("if-none-match" if is_read else "if-match")
    return Conditional(response, None if is_read else header, header if is_read else None)


ConditionalDep = Annotated[Conditional, Depends(conditional)]


def _tags(header: str | None) -> frozenset[str]:
    """Return the tags of a header; a weak tag compares equal to the strong one, as RFC 9110 says for reads."""
    parts = (part.strip() for part in (header or "").split(","))
    return frozenset(part.removeprefix("W/") for part in parts if part)
