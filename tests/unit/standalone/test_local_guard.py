"""A server without credentials is for this machine's own programs, and not for the pages that its browser shows."""

import json

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from standalone.system.local_guard import LocalGuard
from tests.asgi_requests import RawAnswer, send_raw

SERVED: ASGIApp = PlainTextResponse("served")
OWN = ("host", "localhost:8000")


async def ask(*headers: tuple[str, str], method: str = "GET", names: tuple[str, ...] = ()) -> RawAnswer:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return await send_raw(LocalGuard(SERVED, names), method, "/news/v1/articles", headers=raw)


def refusal(answer: RawAnswer) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    problem = json.loads(answer.body)
    assert problem["instance"] == "/news/v1/articles"
    assert problem["request_id"] == answer.headers["x-request-id"]
    return answer.status, problem["code"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "localhost.", "127.0.0.1:8000", "127.9.9.9", "[::1]", "[::1]:8000"]
)
async def test_every_name_of_this_machine_is_served(host: str) -> None:
    assert (await ask(("host", host))).body == b"served"


FOREIGN = ["rebound.example", "rebound.example:8000", "localhost.example", "127.0.0.1.example", "10.0.0.1", "[::]"]


@pytest.mark.parametrize("host", FOREIGN)
async def test_a_name_that_was_made_to_point_here_is_not_served(host: str) -> None:
    assert refusal(await ask(("host", host))) == (421, "misdirected_request")


@pytest.mark.parametrize("host", ["", "[", "\xff", "localhost@rebound.example", "rebound.example:localhost"])
async def test_what_is_no_name_is_not_served(host: str) -> None:
    assert refusal(await ask(("host", host))) == (400, "malformed_request")


async def test_a_configured_name_is_served() -> None:
    answer = await ask(("host", "News.Example:443"), names=("news.example",))

    assert answer.body == b"served"


async def test_a_program_that_names_no_host_is_served() -> None:
    assert (await ask()).body == b"served"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "told",
    [
        ("origin", "https://page.example"),
        ("origin", "null"),
        ("origin", "http://localhost:3000"),
        ("origin", "localhost:8000"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ],
)
async def test_a_page_of_another_origin_writes_nothing(method: str, told: tuple[str, str]) -> None:
    navigation = ("sec-fetch-mode", "navigate")

    assert refusal(await ask(OWN, told, navigation, method=method)) == (403, "cross_origin")


async def test_a_page_of_another_origin_opens_no_stream_and_shows_no_picture() -> None:
    for mode in ("cors", "no-cors"):
        answer = await ask(OWN, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", mode))

        assert refusal(answer) == (403, "cross_origin")


async def test_a_link_from_another_page_is_followed() -> None:
    answer = await ask(OWN, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"))

    assert answer.body == b"served"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_its_own_pages_and_programs_do_everything(method: str) -> None:
    own_page = [("origin", "http://localhost:8000"), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]

    assert (await ask(OWN, *own_page, method=method)).body == b"served"
    assert (await ask(OWN, method=method)).body == b"served"


@pytest.mark.parametrize("headers", [(("host", "news.example"),), (OWN, ("origin", "http://page.example"))])
async def test_a_server_that_has_come_to_ask_for_credentials_is_served_under_every_name(headers) -> None:
    asks = False

    async def asks_for_credentials() -> bool:
        return asks

    guard = LocalGuard(SERVED, asks_for_credentials=asks_for_credentials)
    raw = [(name.encode(), value.encode()) for name, value in headers]

    assert (await send_raw(guard, "POST", "/news/v1/articles", headers=raw)).status in {403, 421}
    asks = True
    assert (await send_raw(guard, "POST", "/news/v1/articles", headers=raw)).body == b"served"
