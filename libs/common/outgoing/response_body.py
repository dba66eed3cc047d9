"""The body of an untrusted response, with never more of it in memory than the limit.

httpx decodes a chunk at once: 64 kB of one `gzip` become 64 MB, and `gzip, gzip` a thousand times that.
"""

import zlib
from typing import Protocol

import httpx

_GZIP = zlib.MAX_WBITS | 16
_GZIP_MAGIC = b"\x1f\x8b"
# One for each 64 kB in files that can be read from the middle; the shortest have 20 bytes and hold nothing.
_MAX_MEMBERS = 1_000


class BodyTooLarge(ValueError):
    """The body is longer than the limit, as it is sent or decoded."""


class UndecodableBody(ValueError):
    """The body's content coding is unknown, broken, or one of several."""


class IncompleteBody(ValueError):
    """The body ends before its content coding does."""


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """Return the decoded body of a streamed response.

    Raises
    ------
    BodyTooLarge
        It has more than `max_bytes`; at most that much was held.
    UndecodableBody
        It is coded twice, or otherwise than `gzip` or `deflate`.
    IncompleteBody
        What was coded ends before its end; a body that was cut in transfer raises an error of httpx.
    """
    decoder = _decoder(response.headers.get_list("content-encoding", split_commas=True))
    parts, received, room = [], 0, max_bytes
    async for raw in response.aiter_raw():
        received += len(raw)
        try:
            part = decoder.decode(raw, room + 1)
        except zlib.error as error:
            raise UndecodableBody(f"The content coding is broken: {error}.") from error
        room -= len(part)
        if room < 0 or received > max_bytes:
            raise BodyTooLarge(f"The response is larger than {max_bytes} bytes.")
        parts.append(part)
    # No body at all is none that was cut: 304 names the coding of what it does not send.
    if received and not decoder.is_whole:
        raise IncompleteBody(f"The response ends in the middle of its content coding, after {received} bytes.")
    return b"".join(parts)


class _Decoder(Protocol):
    @property
    def is_whole(self) -> bool:
        """Return whether what was decoded has come to its end."""
        ...

    def decode(self, raw: bytes, limit: int) -> bytes:
        """Return what the next bytes of the body say, of more than `limit` bytes that many."""
        ...


def _decoder(named: list[str]) -> _Decoder:
    codings = [coding for name in named if (coding := name.strip().lower()) not in {"", "identity"}]
    if not codings:
        return _Plain()
    if len(codings) > 1:
        raise UndecodableBody(f"The response has {len(codings)} content codings; only one is supported.")
    if codings[0] in {"gzip", "x-gzip"}:
        return _Gzipped()
    if codings[0] == "deflate":
        return _Deflated()
    raise UndecodableBody(f"The content coding {codings[0][:40]!r} is not supported; only gzip and deflate are.")


class _Plain:
    is_whole = True

    def decode(self, raw: bytes, limit: int) -> bytes:  # noqa: ARG002 - as it came
        return raw


class _Gzipped:
    """Reads `gzip`, which may have several members one after the other (RFC 1952); what else follows is passed over."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)
        self._members_left = _MAX_MEMBERS

    @property
    def is_whole(self) -> bool:
        return self._member.eof

    def decode(self, raw: bytes, limit: int) -> bytes:
        decoded = self._member.decompress(raw, limit)
        parts = [decoded]
        while self._member.eof and self._member.unused_data.startswith(_GZIP_MAGIC) and len(decoded) < limit:
            if not self._members_left:
                raise UndecodableBody(f"The response has more than {_MAX_MEMBERS} gzip members.")
            following = self._member.unused_data
            self._member, self._members_left = zlib.decompressobj(_GZIP), self._members_left - 1
            limit -= len(decoded)
            decoded = self._member.decompress(following, limit)
            parts.append(decoded)
        return b"".join(parts)


class _Deflated:
    """Reads `deflate` with the header that RFC 9110 asks for, and without it, as some servers send it."""

    def __init__(self) -> None:
        self._begin = b""
        self._stream: zlib._Decompress | None = None

    @property
    def is_whole(self) -> bool:
        return self._stream is not None and self._stream.eof

    def decode(self, raw: bytes, limit: int) -> bytes:
        if self._stream is None:
            raw = self._begin = self._begin + raw
            if len(raw) < 2:
                return b""
            # RFC 1950: the method is 8, and the first two bytes are a multiple of 31.
            is_wrapped = raw[0] & 0x0F == 8 and int.from_bytes(raw[:2]) % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS)
        return self._stream.decompress(raw, limit)
