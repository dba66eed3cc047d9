"""Which bodies are read beside the event loop: long ones, and those of many objects."""

import asyncio
import json

import pytest
from starlette.types import Message

from common.api.large_body import LargeBodyRequest


@pytest.mark.parametrize(
    ("body", "is_beside"),
    [
        (b"[1]", False),
        (b'"' + b"x" * 400_000 + b'"', False),
        (b'"' + b"x" * 600_000 + b'"', True),
        (b"[" + b"[]," * 100_000 + b"1]", True),
        (b"[" + b"{}," * 100_000 + b"1]", True),
        (b"[" + b"1," * 100_000 + b"1]", False),
    ],
)
async def test_a_body_that_takes_long_is_read_beside_the_loop(body: bytes, is_beside: bool) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    request = LargeBodyRequest({"type": "http", "method": "POST", "headers": []}, receive)
    await request.body()
    other = asyncio.create_task(asyncio.sleep(0))

    read = await request.json()

    assert other.done() == is_beside
    assert read == json.loads(body)
