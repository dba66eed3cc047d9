"""Requests to providers: time and size bounded, few at a time per host, redirects checked one by one."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict
from weakref import WeakValueDictionary

import httpx

from common.errors import describe
from common.outgoing.address_guard import ForbiddenAddress
from common.outgoing.response_body import BodyTooLarge, IncompleteBody, UndecodableBody, read_body
from common.outgoing.web_address import InvalidWebAddress, follow, origin, read_web_address
from common.secrets.masking import masked_feed
from news_ingestion.providers.provider_errors import ProviderError, as_provider_error

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Any other header may carry a key, whatever it is called: a redirect to another origin leaves it out.
_NEVER_KEYS = frozenset({"accept", "accept-language", "if-modified-since", "if-none-match"})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read in full after `seconds`; header names are in lower case, `url` is where it finally came from."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str
    seconds: float


class RequestDocument(TypedDict):
    """One request as the ledger keeps it, JSON."""

    url: str
    status: int | None
    n_bytes: int
    seconds: float
    error: str | None


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request as the ledger keeps it; never its headers, and of its address nothing that may be a key."""

    url: str
    status: int | None
    n_bytes: int
    seconds: float
    error: str | None = None

    def document(self) -> RequestDocument:
        """Return the record for storing."""
        return RequestDocument(
            url=self.url,
            status=self.status,
            n_bytes=self.n_bytes,
            seconds=round(self.seconds, 4),
            error=self.error,
        )


class ProviderClient:
    """Asks providers over `client`, which must not follow redirects itself."""

    def __init__(
        self, client: httpx.AsyncClient, *, max_bytes: int, max_redirects: int, per_host: int, timeout_seconds: float
    ) -> None:
        self._client = client
        self._max_bytes = max_bytes
        self._max_redirects = max_redirects
        self._timeout_seconds = timeout_seconds
        self._per_host = per_host
        # Weak: redirects can name any number of hosts, and each is remembered only while it is being asked.
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

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
        The time limit is on the whole answer, redirects included: a server that sends a byte a second would never meet
        a limit on reads. On a redirect to another scheme, host or port only those of `headers` are sent that can carry
        no key (`Accept`, `Accept-Language`, `If-None-Match`, `If-Modified-Since`).

        Raises
        ------
        ProviderError
            `forbidden` (the address guard, no http(s) address), `too_large`, `malformed` (a body that cannot be
            decoded), `unavailable` (no connection, too slow, cut off), `unknown` (too many redirects, and whatever else
            an answer can raise).
        """
        address, sent, seconds_left = _start(url, parameters), dict(headers), self._timeout_seconds
        for _ in range(self._max_redirects + 1):
            reply = await self._once(address, sent, ledger, seconds_left)
            seconds_left -= reply.seconds
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not location:
                return reply
            following = _redirected(address, location)
            if origin(following) != origin(address):
                sent = {name: value for name, value in sent.items() if name.lower() in _NEVER_KEYS}
            address = following
        raise ProviderError("unknown", "too_many_redirects", f"More than {self._max_redirects} redirects.")

    async def _once(
        self, url: httpx.URL, headers: Mapping[str, str], ledger: list[RequestRecord], seconds_left: float
    ) -> Reply:
        started = time.monotonic()
        shown = masked_feed(str(url.copy_with(query=None)))
        status, content, problem, is_answered = None, b"", None, False
        try:
            async with self._turn(url.host):
                began = time.monotonic()
                async with (
                    asyncio.timeout(seconds_left),
                    self._client.stream("GET", url, headers=dict(headers)) as response,
                ):
                    status = response.status_code
                    content = await read_body(response, self._max_bytes)
                    is_answered = True
                    return Reply(status, dict(response.headers), content, str(url), time.monotonic() - began)
        except ForbiddenAddress as error:
            problem = ProviderError("forbidden", "forbidden_address", str(error))
        except TimeoutError:
            problem = ProviderError(
                "unavailable", "timeout", f"No complete response within {self._timeout_seconds:g} seconds."
            )
        except BodyTooLarge as error:
            problem = ProviderError("too_large", "too_large", str(error))
        except UndecodableBody as error:
            problem = ProviderError("malformed", "undecodable", str(error))
        except IncompleteBody as error:
            problem = ProviderError("unavailable", "incomplete", str(error))
        except httpx.HTTPError as error:
            problem = ProviderError("unavailable", type(error).__name__, describe(error))
        except Exception as error:  # noqa: BLE001 - whatever an answer raises is the provider's, and stands in the ledger
            problem = as_provider_error(error)
        finally:
            code = None if is_answered else "abandoned" if problem is None else problem.code
            ledger.append(RequestRecord(shown, status, len(content), time.monotonic() - started, code))
        raise problem

    def _turn(self, host: str) -> asyncio.Semaphore:
        """Return what lets only so many requests to `host` through at once."""
        turn = self._hosts.get(host)
        if turn is None:
            turn = self._hosts[host] = asyncio.Semaphore(self._per_host)
        return turn


def _start(url: str, parameters: Mapping[str, str] | None) -> httpx.URL:
    try:
        address = read_web_address(url)
    except InvalidWebAddress as error:
        raise ProviderError("forbidden", "invalid_address", f"The address cannot be requested: {error}.") from error
    return address.copy_merge_params(dict(parameters)) if parameters else address


def _redirected(address: httpx.URL, location: str) -> httpx.URL:
    try:
        return follow(address, location)
    except InvalidWebAddress as error:
        raise ProviderError("forbidden", "invalid_redirect", f"The redirect cannot be followed: {error}.") from error
