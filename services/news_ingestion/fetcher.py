"""Requests to providers: time and size bounded, few at a time per host, redirects checked one by one."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from common.address_guard import ForbiddenAddress
from common.masking import masked_feed
from news_ingestion.upstream import UpstreamError

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read in full; header names are in lower case, `url` is where it finally came from."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request as the ledger keeps it; never its headers, and of its address nothing that may be a key."""

    url: str
    status: int | None
    n_bytes: int
    seconds: float
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the record for storing."""
        return {
            "url": self.url,
            "status": self.status,
            "n_bytes": self.n_bytes,
            "seconds": round(self.seconds, 4),
            "error": self.error,
        }


class Fetcher:
    """Asks providers over `client`, which must not follow redirects itself."""

    def __init__(
        self, client: httpx.AsyncClient, *, max_bytes: int, max_redirects: int, per_host: int, timeout_seconds: float
    ) -> None:
        self._client = client
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self._timeout_seconds = timeout_seconds
        self._hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(per_host))

    async def get(
        self,
        url: str,
        headers: Mapping[str, str],
        ledger: list[RequestRecord],
        *,
        parameters: Mapping[str, str] | None = None,
    ) -> Reply:
        """Return the answer to a GET, and enter every request made for it in `ledger`.

        Notes
        -----
        The time limit is on the whole answer: a server that sends a byte a second would never meet a limit on reads.
        A redirect to another host loses the headers that carry a key.

        Raises
        ------
        UpstreamError
            `forbidden` (the address guard), `too_large`, `unavailable` (no connection, too slow), `unknown` (too many
            redirects).
        """
        address = httpx.URL(url, params=dict(parameters)) if parameters else httpx.URL(url)
        sent = dict(headers)
        for _ in range(self._max_redirects + 1):
            reply = await self._once(address, sent, ledger)
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not location:
                return reply
            following = address.join(location)
            if following.host != address.host:
                sent = {
                    name: value for name, value in sent.items() if name.lower() not in {"x-api-key", "authorization"}
                }
            address = following
        raise UpstreamError("unknown", "too_many_redirects", f"More than {self._max_redirects} redirects.")

    async def _once(self, url: httpx.URL, headers: Mapping[str, str], ledger: list[RequestRecord]) -> Reply:
        started = time.monotonic()
        shown = masked_feed(str(url.copy_with(query=None)))
        status, content, problem = None, b"", None
        try:
            async with (
                self._hosts[url.host],
                asyncio.timeout(self._timeout_seconds),
                self._client.stream("GET", url, headers=dict(headers)) as response,
            ):
                status = response.status_code
                content = await self._content(response)
                return Reply(status, dict(response.headers), content, str(url))
        except ForbiddenAddress as error:
            problem = UpstreamError("forbidden", "forbidden_address", str(error))
        except TimeoutError:
            problem = UpstreamError("unavailable", "timeout", f"No whole answer in {self._timeout_seconds:g} seconds.")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = UpstreamError("unavailable", type(error).__name__, str(error)[:300] or "The connection failed.")
        except UpstreamError as error:
            problem = error
        finally:
            code = problem.code if problem else None
            ledger.append(RequestRecord(shown, status, len(content), time.monotonic() - started, code))
        raise problem

    async def _content(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > self._max_bytes:
                raise UpstreamError("too_large", "too_large", f"The answer is larger than {self._max_bytes} bytes.")
            parts.append(part)
        return b"".join(parts)
