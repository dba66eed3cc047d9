"""Headers of every response: browser security and caching."""

import base64
import hashlib
from collections.abc import Iterable

RawHeaders = Iterable[tuple[bytes, bytes]]

_CONSTANT = (
    # A body is what its type says, never a script or a page by its looks.
    (b"x-content-type-options", b"nosniff"),
    # Other sites neither embed it as a picture or script, nor learn the address it was reached from.
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_CONTENT_SECURITY_POLICY = b"content-security-policy"
_CACHE_CONTROL = b"cache-control"
# An answer that loads nothing and runs nothing; the pages and pictures say what they need.
_NOTHING = (_CONTENT_SECURITY_POLICY, b"default-src 'none'; frame-ancestors 'none'")
# Caches do not know X-API-Key: what is read belongs to its reader, who asks whether it is still current.
_OF_READS = (_CACHE_CONTROL, b"private, no-cache")
# What a write answers may hold a secret that is shown once.
_OF_WRITES = (_CACHE_CONTROL, b"no-store")


def with_answer_headers(headers: RawHeaders, method: str, request_id: str) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer with what every answer carries; its own policies stay."""
    own = list(headers)
    names = {name for name, _ in own}
    own += _CONSTANT
    own.append((b"x-request-id", request_id.encode()))
    if _CONTENT_SECURITY_POLICY not in names:
        own.append(_NOTHING)
    if _CACHE_CONTROL not in names:
        own.append(_OF_READS if method in {"GET", "HEAD"} else _OF_WRITES)
    return own


def content_security_policy(**directives: str) -> str:
    """Return a policy that allows nothing but `directives`, named in snake case."""
    allowed = {"default_src": "'none'", **directives, "base_uri": "'none'", "frame_ancestors": "'none'"}
    return "; ".join(f"{name.replace('_', '-')} {value}".rstrip() for name, value in allowed.items())


def source_of(inline: str) -> str:
    """Return the source expression that allows the one inline script or style with this text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"
