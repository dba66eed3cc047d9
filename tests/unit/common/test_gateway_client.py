"""The client for calls between services remembers nothing of one call for the next."""

import asyncio

from common.handover.gateway_client import gateway_client
from nlp.settings import Settings

_COOKIE = b"canary=LpsIaLdoNZ; Max-Age=3600; Path=/impact/v1"
_ANSWER = b"HTTP/1.1 204 No Content\r\nSet-Cookie: " + _COOKIE + b"\r\nConnection: close\r\n\r\n"


async def test_the_cookie_of_a_canary_is_not_sent_with_the_next_call() -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with gateway_client(Settings(gateway_url=f"http://127.0.0.1:{port}"), None) as client:
            for _ in range(2):
                await client.get("/impact/v1/counts")

    assert len(heads) == 2
    assert not any(b"\r\ncookie:" in head.lower() for head in heads)
