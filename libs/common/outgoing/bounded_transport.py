"""Outgoing calls with a limit on total time and size; httpx alone limits only each read.

A peer that sends a byte every few seconds never meets a limit on reads, and one that sends for ever fills the memory.
"""

import asyncio
from collections.abc import AsyncIterator

import httpx


class BoundedTransport(httpx.AsyncBaseTransport):
    """Gives a call up when it takes longer or brings more than it may; `inner` makes it.

    Parameters
    ----------
    total_seconds : from the wait for a connection to the last byte of the answer.
    max_bytes : of the answer's body, as sent; None where whoever reads it counts.

    Notes
    -----
    An answer with a content encoding is refused unless `allows_encoding`: a thousandth of its size hides any size.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        total_seconds: float,
        max_bytes: int | None,
        allows_encoding: bool = False,
    ) -> None:
        self._inner = inner
        self._total_seconds = total_seconds
        self._max_bytes = max_bytes
        self._allows_encoding = allows_encoding

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer of `inner`, whose body keeps to what is left of the time.

        Raises
        ------
        httpx.ReadTimeout
            The answer did not come in time, or not as a whole.
        httpx.RemoteProtocolError
            It is too large, or encoded.
        """
        deadline = asyncio.get_running_loop().time() + self._total_seconds
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._inner.handle_async_request(request)
        except TimeoutError as error:
            raise self._too_slow(request) from error
        encoding = response.headers.get("Content-Encoding", "identity")
        if encoding != "identity" and not self._allows_encoding:
            await response.aclose()
            raise httpx.RemoteProtocolError(f"The response has the content coding {encoding[:50]!r}.", request=request)
        stream = response.stream
        if isinstance(stream, httpx.AsyncByteStream):
            response.stream = _BoundedStream(stream, self, request, deadline)
        return response

    async def aclose(self) -> None:
        """Close `inner`."""
        await self._inner.aclose()

    async def read(
        self, stream: httpx.AsyncByteStream, request: httpx.Request, deadline: float
    ) -> AsyncIterator[bytes]:
        """Yield the parts of a body until the time or the size is used up."""
        parts, size = aiter(stream), 0
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    part = await anext(parts)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise self._too_slow(request) from error
            size += len(part)
            if self._max_bytes is not None and size > self._max_bytes:
                raise httpx.RemoteProtocolError(
                    f"The response is larger than {self._max_bytes} bytes.", request=request
                )
            yield part

    def _too_slow(self, request: httpx.Request) -> httpx.ReadTimeout:
        return httpx.ReadTimeout(f"No complete response within {self._total_seconds:g} seconds.", request=request)


class _BoundedStream(httpx.AsyncByteStream):
    def __init__(
        self, inner: httpx.AsyncByteStream, transport: BoundedTransport, request: httpx.Request, deadline: float
    ) -> None:
        self._inner = inner
        self._transport = transport
        self._request = request
        self._deadline = deadline

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._transport.read(self._inner, self._request, self._deadline)

    async def aclose(self) -> None:
        await self._inner.aclose()
