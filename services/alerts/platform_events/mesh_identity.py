"""The caller identity that the mesh has verified, for senders that cannot present a credential.

Flagger cannot be told to send a header with its webhooks. Inside the mesh the callee's sidecar ends the mutual TLS and
writes whom it talked to into `x-forwarded-client-cert`; its own element is the last one, whatever a caller put before.
"""

import re

# An element ends at a comma outside quotes; a subject in quotes may hold commas and escaped quotes. An open quote is
# taken to the end of the header: looked for from every later quote anew, its end would take quadratic time.
_PART = re.compile(r'(?P<comma>,)|[^",]++|"(?:[^"\\]|\\.)*+(?P<closed>"?)')
_URI = re.compile(r'(?:^|;)URI=(?:"([^"]*)"|([^";,]*))')


def direct_peer(header: str) -> str | None:
    """Return the identity (a SPIFFE URI) of the last element of an `x-forwarded-client-cert` header.

    Notes
    -----
    None unless there is exactly one: of several it would not be clear which one the sidecar has checked. None as well
    where a quote is open, which only a caller leaves so: what the sidecar wrote behind it may be within.
    """
    element = _last_element(header)
    if element is None:
        return None
    found = [quoted or plain for quoted, plain in _URI.findall(element)]
    return found[0] if len(found) == 1 else None


def _last_element(header: str) -> str | None:
    """Return the last element that is not empty; None without one, or where a quote is open."""
    last, start = None, 0
    for part in _PART.finditer(header):
        if part["closed"] == "":
            return None
        if part["comma"]:
            start = part.end()
        else:
            last = header[start : part.end()]
    return last
