"""The body of a stranger's answer, never more of it in memory than was asked for.

httpx decodes a chunk at once: 64 kB of one `gzip` become 64 MB, and `gzip, gzip` a thousand times that.
"""

import zlib
from collections.abc import Callable

import httpx

Decode = Callable[[bytes, int], bytes]


class BodyTooLarge(ValueError):
    """The body is longer than the limit, as it is sent or decoded."""


class UndecodableBody(ValueError):
    """The body's content coding is unknown, broken, or one of several."""


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """Return the decoded body of a streamed response.

    Raises
    ------
    BodyTooLarge
        It has more than `max_bytes`; at most that much was held.
    UndecodableBody
        It is coded twice, or otherwise than `gzip` or `deflate`.
    """
    decode = _decoder(response.headers.get_list("content-encoding", split_commas=True))
    parts, received, room = [], 0, max_bytes
    async for raw in response.aiter_raw():
        received += len(raw)
        try:
            part = decode(raw, room + 1)
        except zlib.error as error:
            raise UndecodableBody(f"The content coding is broken: {error}.") from error
        room -= len(part)
        if room < 0 or received > max_bytes:
            raise BodyTooLarge(f"The answer is larger than {max_bytes} bytes.")
        parts.append(part)
    return b"".join(parts)


def _decoder(named: list[str]) -> Decode:
    codings = [coding for name in named if (coding := name.strip().lower()) not in {"", "identity"}]
    if not codings:
        return lambda raw, _limit: raw
    if len(codings) > 1:
        raise UndecodableBody(f"The answer is coded {len(codings)} times over; one coding is read.")
    if codings[0] in {"gzip", "x-gzip"}:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress
    if codings[0] == "deflate":
        return _Deflated()
    raise UndecodableBody(f"The content coding {codings[0][:40]!r} is not read, only gzip and deflate are.")


class _Deflated:
    """Reads `deflate` with the header that RFC 9110 asks for, and without it, as some servers send it."""

    def __init__(self) -> None:
        self._begin = b""
        self._decode: Decode | None = None

    def __call__(self, raw: bytes, limit: int) -> bytes:
        if self._decode is None:
            raw = self._begin = self._begin + raw
            if len(raw) < 2:
                return b""
            # RFC 1950: the method is 8, and the first two bytes are a multiple of 31.
            is_wrapped = raw[0] & 0x0F == 8 and int.from_bytes(raw[:2]) % 31 == 0
            self._decode = zlib.decompressobj(zlib.MAX_WBITS if is_wrapped else -zlib.MAX_WBITS).decompress
        return self._decode(raw, limit)
