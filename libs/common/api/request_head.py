"""Checks what later readers of a request rely on: a valid host, length and query."""

import re

from starlette.datastructures import Headers
from starlette.types import Scope

# Python refuses to read thousands of digits, and no body is as long as eighteen say.
_MAX_LENGTH_DIGITS = 18
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(:[0-9]{1,5})?")


def is_host(text: str) -> bool:
    """Tell whether `text` is what `Host` may be: a name or an address, and perhaps a port (RFC 9110, 7.2)."""
    return _HOST.fullmatch(text) is not None


def announced_bytes(headers: Headers) -> int:
    """Return what a readable `Content-Length` says, 0 without one."""
    return int(headers.get("content-length", "0"))


def why_unreadable(scope: Scope, headers: Headers) -> str | None:
    """Return what is wrong with the head of a request, or None when it can be read.

    Notes
    -----
    Servers refuse most of it before. What they let through fails wherever the address of the request is put together
    or a length is read, in libraries too.
    """
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS):
        return "Content-Length is not a valid number of bytes."
    host = headers.get("host")
    if host is not None and not is_host(host):
        return "Host is neither a name nor an address."
    if not scope["query_string"].isascii():
        return "The query is not percent-encoded."
    return None
