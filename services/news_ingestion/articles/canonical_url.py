"""The canonical form of an article's address: two addresses of one page become the same string."""

import re
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit

from common.contracts.text import without_control_characters

MAX_URL_CHARACTERS = 2_048
_DEFAULT_PORTS = {"http": 80, "https": 443}
_TRACKING_NAMES = frozenset(
    """_ga _gl _hsenc _hsmi .tsrc __twitter_impression amp at_campaign at_medium bxid campaign_id cid cmp cmpid cndid
    dclid ex_cid fbclid gaa_at gaa_n gaa_sig gaa_ts gbraid gclid gclsrc guccounter guce_referrer guce_referrer_sig icid
    igshid int_cmp intcmp mbid mc_cid mc_eid mkt_tok mod msclkid ncid oc ocid outputtype partner rss s_cid sc_cid share
    smid smtyp soc_src soc_trk sr_share src srnd taid tsrc twclid via wbraid xtor yclid yptr""".split()  # noqa: SIM905 - reads better as text
)
_TRACKING_PREFIXES = ("utm_", "pk_", "mtm_", "hsa_", "vero_", "wt.", "ns_")
_MOBILE_HOST = re.compile(r"^(?:www|m|mobile|amp|touch|wap)\.(?=[^.]+\.[^.])", re.IGNORECASE)
_AMP_ENDINGS = ("/amp", ".amp", "/amphtml", "/")
_AMP_PATH = re.compile(r"^/amp(?=/)|\.amp(?=\.html?$)", re.IGNORECASE)
_AMP_CACHE = re.compile(r"^/(?:amp/)?(?:v|c)?/?(?:s/)?(?=[^/]+\.[^/]+/)")
_SAFE_PATH = "/:@!$&'()*+,;=-._~"


class InvalidURLError(ValueError):
    """The text is no absolute http(s) address of a page."""


@lru_cache(maxsize=4_096)
def _host(netloc_host: str) -> str:
    host = netloc_host.rstrip(".").lower()
    try:
        host = host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError as error:
        raise InvalidURLError(f"The host {netloc_host!r} is not a valid name.") from error
    if not host:
        raise InvalidURLError(f"The host {netloc_host!r} is not a valid name.")
    while (shorter := _MOBILE_HOST.sub("", host)) != host:
        host = shorter
    return f"[{host}]" if ":" in host else host


def _authority(netloc: str) -> tuple[str, int | None]:
    """Return host and port of an authority; raise `InvalidURLError` for one that is none, or has credentials."""
    try:
        parts = urlsplit(f"//{netloc}")
        port = parts.port
    except ValueError as error:
        raise InvalidURLError(f"{netloc[:200]!r} is not a host and port.") from error
    if "@" in netloc:
        raise InvalidURLError("An article's address must not contain credentials.")
    return _host(parts.hostname or ""), port


def _without_amp_cache(host: str, port: int | None, path: str) -> tuple[str, int | None, str]:
    """Return host, port and path of the publisher's page behind Google's AMP viewer and cache."""
    if (host == "google.com" and path.startswith("/amp/")) or host.endswith(".cdn.ampproject.org"):
        inner = _AMP_CACHE.sub("", path, count=1)
        inner_netloc, _, inner_path = inner.lstrip("/").partition("/")
        if "." in inner_netloc:
            return _without_amp_cache(*_authority(inner_netloc), f"/{inner_path}")
    return host, port, path


def _without_amp_endings(path: str) -> str:
    lowered, end = path.lower(), len(path)
    while ending := next((ending for ending in _AMP_ENDINGS if lowered.endswith(ending, 0, end)), None):
        end -= len(ending)
    return path[:end]


def _is_tracking(name: str) -> bool:
    lowered = name.lower()
    return lowered in _TRACKING_NAMES or lowered.startswith(_TRACKING_PREFIXES)


def canonical_url(url: str) -> str:
    """Return the canonical address of the page behind `url`.

    Parameters
    ----------
    url : str, absolute, http or https

    Returns
    -------
    str, always `https://`, the host in lower case without `www.`, `m.`, `mobile.` or `amp.`, without default port,
    fragment, AMP suffix, tracking parameters and trailing slash; the other parameters sorted by name.

    Raises
    ------
    InvalidURLError
        When the text has another scheme, no host, credentials, control characters, or more than 2,048 characters.

    Notes
    -----
    The result is a key for comparison, and it is stable: the canonical form of a canonical form is itself.
    """
    text = url.strip()
    if not text or len(text) > MAX_URL_CHARACTERS:
        raise InvalidURLError(f"An address must have 1 to {MAX_URL_CHARACTERS} characters, not {len(text)}.")
    if without_control_characters(text) != text:
        raise InvalidURLError("An address must not contain control characters.")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise InvalidURLError(f"{text[:200]!r} is not an address.") from error
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise InvalidURLError(f"{text[:200]!r} is not an absolute http(s) address.")
    host, port, path = _without_amp_cache(*_authority(parts.netloc), parts.path)
    if "%" in path or not path.isascii():
        path = quote(unquote_to_bytes(path), safe=_SAFE_PATH)
    path = _AMP_PATH.sub("", _without_amp_endings(path))
    pairs = parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape") if parts.query else []
    query = sorted(pair for pair in pairs if not _is_tracking(pair[0]))
    authority = host if port in (None, *_DEFAULT_PORTS.values()) else f"{host}:{port}"
    return f"https://{authority}{path}" + (f"?{urlencode(query, errors='surrogateescape')}" if query else "")


def domain_of(url: str) -> str:
    """Return the host of a canonical address without its port: what `?domain=` filters on."""
    return urlsplit(url).hostname or ""


def is_same_address(url: str, other: str) -> bool:
    """Return whether two texts name one page; what is no address is only the same as itself."""
    try:
        return canonical_url(url) == canonical_url(other)
    except InvalidURLError:
        return url.strip() == other.strip()
