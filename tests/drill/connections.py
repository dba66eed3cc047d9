"""Connections that are carried on to somewhere else, byte by byte."""

import asyncio

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_CHUNK_BYTES = 65_536


async def join(one: Streams, other: Streams) -> None:
    """Hand on what comes at either end to the other one, until both have ended."""
    await asyncio.gather(_carry(one[0], other[1]), _carry(other[0], one[1]))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
    except (OSError, asyncio.CancelledError):
        writer.transport.abort()
        raise
    finally:
        writer.close()
