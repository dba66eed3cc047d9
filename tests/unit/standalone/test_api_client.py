"""The command line gives a call up that does not end."""

import pytest

from standalone.api_client import RequestRefusedError, system_client
from tests.emulators.dripping import dripping


async def test_a_system_that_answers_a_byte_now_and_then_is_given_up() -> None:
    body = b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"data": [' + b" " * 990
    async with dripping(body) as address, system_client(address, total_seconds=0.3, patience_seconds=0.1) as client:
        with pytest.raises(RequestRefusedError, match=r"No complete response within 0\.3 seconds"):
            await client.request("GET", "/news/v1/articles")
