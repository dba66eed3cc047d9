"""The one process sends every request target to somebody, and nobody's to the front."""

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from standalone.system.composition import Dispatcher
from tests.asgi_requests import send_raw


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/news/v1/articles", b"news"),
        ("/news", b"news"),
        ("/", b"front"),
        ("*", b"front"),
        ("", b"front"),
        ("//news/v1", b"front"),
        ("/newsroom", b"front"),
        ("/%00", b"front"),
        ("nonsense", b"front"),
        ("http://", b"front"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "TRACE", "NONSENSE"])
async def test_every_target_is_answered(method: str, target: str, expected: bytes) -> None:
    news = FastAPI(openapi_url=None)
    news.mount("/", PlainTextResponse("news"))
    dispatcher = Dispatcher({"/news": news}, PlainTextResponse("front"))

    assert (await send_raw(dispatcher, method, target)).body == expected
