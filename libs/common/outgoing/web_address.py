"""The one parser for untrusted http(s) addresses: of sources, receivers and redirects."""

import ipaddress
import re

import httpx

MAX_CHARACTERS = 8_192
DEFAULT_PORTS = {"http": 80, "https": 443}
# A backslash is a slash to browsers and none to others: what it means depends on who reads it.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_LABEL = re.compile(r"[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?")
_MAX_HOST_CHARACTERS = 253


class InvalidWebAddress(ValueError):
    """The text is no absolute http(s) URL of a host; the message says why, and leaves the text out."""


def read_web_address(text: str) -> httpx.URL:
    """Return the URL that `text` writes; its host can be shown, looked up and compared without another error.

    Raises
    ------
    InvalidWebAddress
        Another scheme, no host or one that DNS cannot hold, a port out of range, a zone, a backslash, a control
        character, or more than 8,192 characters.
    """
    if len(text) > MAX_CHARACTERS:
        raise InvalidWebAddress(f"it has more than {MAX_CHARACTERS} characters")
    if _FORBIDDEN.search(text):
        raise InvalidWebAddress("it contains a backslash or a control character")
    try:
        url = httpx.URL(text)
        host, name = url.raw_host.decode("ascii"), url.host
    except Exception as error:
        # The parser and IDNA have classes of their own and do not always raise them.
        raise InvalidWebAddress(f"it is not a URL ({type(error).__name__})") from error
    if url.scheme not in DEFAULT_PORTS:
        raise InvalidWebAddress("only http and https are supported")
    if not host or not name:
        raise InvalidWebAddress("the URL has no host")
    if not _is_host(host):
        raise InvalidWebAddress("it is not a host name")
    if url.port is not None and not 0 < url.port < 65_536:
        raise InvalidWebAddress("the port must be 1 to 65535")
    return url


def follow(address: httpx.URL, location: str) -> httpx.URL:
    """Return where a redirect from `address` to `location` leads; raises as `read_web_address` does."""
    if len(location) > MAX_CHARACTERS:
        raise InvalidWebAddress(f"it has more than {MAX_CHARACTERS} characters")
    try:
        joined = str(address.join(location))
    except Exception as error:
        raise InvalidWebAddress(f"it is not a URL ({type(error).__name__})") from error
    return read_web_address(joined)


def origin(url: httpx.URL) -> tuple[str, str, int]:
    """Return scheme, host and port: what has to be the same for a credential to be sent again."""
    return url.scheme, url.raw_host.decode("ascii"), url.port or DEFAULT_PORTS[url.scheme]


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            return False
        return "%" not in host
    labels = host.removesuffix(".").split(".")
    return len(host) <= _MAX_HOST_CHARACTERS and all(_LABEL.fullmatch(label) for label in labels)
