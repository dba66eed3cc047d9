"""The API client of the command line: it calls a running system through its gateway, like any user."""

from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypedDict, Unpack

import httpx
from pydantic import SecretStr
from tenacity import AsyncRetrying, retry_if_exception, stop_after_delay, wait_random_exponential

from common.access.auth import sign_service_token
from common.contracts.json import JSONDocument
from common.outgoing.bounded_transport import BoundedTransport

_TOKEN_SECONDS = 60
_MAX_ANSWER_BYTES = 64 * 1024 * 1024
_RETRIED_STATUSES = frozenset({429, 502, 503, 504})


class RequestRefusedError(Exception):
    """The system answered with a problem; the message is the problem's own."""


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in _RETRIED_STATUSES
    return isinstance(error, httpx.TransportError)


class RequestOptions(TypedDict, total=False):
    """What a request may bring; httpx has more."""

    params: Mapping[str, str | float | None]
    json: object
    content: bytes
    headers: Mapping[str, str]


class SystemClient:
    """Requests to a running system; what passes is tried again for a minute, since every write is idempotent."""

    def __init__(self, http: httpx.AsyncClient, patience_seconds: float) -> None:
        self._http = http
        self._patience_seconds = patience_seconds

    async def request(self, method: str, path: str, **options: Unpack[RequestOptions]) -> JSONDocument:
        """Return the JSON answer; `RequestRefusedError` with the problem's detail when there is none."""
        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_passing),
            wait=wait_random_exponential(0.1, max=5),
            stop=stop_after_delay(self._patience_seconds),
            reraise=True,
        )
        try:
            response: httpx.Response = await retrying(self._send, method, path, options)
        except httpx.HTTPStatusError as error:
            raise RequestRefusedError(_explain(error.response)) from error
        except httpx.TransportError as error:
            raise RequestRefusedError(f"{self._http.base_url} does not answer: {error}") from error
        answer: JSONDocument = response.json()
        return answer

    async def pages(self, path: str, **parameters: str | float | None) -> AsyncIterator[JSONDocument]:
        """Yield every item of a list, page by page."""
        cursor: str | None = None
        while True:
            query = {**parameters, "limit": 200, **({"cursor": cursor} if cursor else {})}
            page = await self.request("GET", path, params=query)
            for item in page["data"]:
                yield item
            cursor = page["next_cursor"]
            if cursor is None:
                return

    async def _send(self, method: str, path: str, options: RequestOptions) -> httpx.Response:
        response = await self._http.request(method, path, **options)
        return response.raise_for_status()


@dataclass(frozen=True, slots=True)
class KeyAuth(httpx.Auth):
    """Shows an API key."""

    key: SecretStr

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Set the header and send the request once."""
        request.headers["X-API-Key"] = self.key.get_secret_value()
        yield request


@dataclass(frozen=True, slots=True)
class OwnerAuth(httpx.Auth):
    """Introduces whoever has started the system, by a token that the system's own secret signs."""

    secret: SecretStr

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Set the header and send the request once."""
        request.headers["Authorization"] = f"Bearer {sign_service_token(self.secret, 'standalone', _TOKEN_SECONDS)}"
        yield request


@asynccontextmanager
async def system_client(
    address: str, auth: httpx.Auth | None = None, *, total_seconds: float = 60.0, patience_seconds: float = 60.0
) -> AsyncIterator[SystemClient]:
    """Open a client of the system at `address`.

    Parameters
    ----------
    total_seconds : for one request, the last byte of its answer included.
    patience_seconds : for its repetitions.
    """
    transport = BoundedTransport(
        httpx.AsyncHTTPTransport(trust_env=False), total_seconds=total_seconds, max_bytes=_MAX_ANSWER_BYTES
    )
    async with httpx.AsyncClient(
        base_url=address,
        auth=auth,
        headers={"Accept-Encoding": "identity"},
        timeout=total_seconds,
        trust_env=False,
        transport=transport,
    ) as http:
        yield SystemClient(http, patience_seconds)


def _explain(response: httpx.Response) -> str:
    try:
        problem = response.json()
        wrong = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in problem["errors"][:3])
        return f"{problem['detail']} ({problem['code']}{': ' + wrong if wrong else ''})"
    except (ValueError, KeyError, TypeError):
        return f"{response.request.method} {response.request.url} answered {response.status_code}"
