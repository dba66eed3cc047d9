"""The caller identity that the mesh has verified, for senders that cannot present a credential.

Flagger cannot be told to send a header with its webhooks. Inside the mesh the callee's sidecar ends the mutual TLS and
writes whom it talked to into `x-forwarded-client-cert`; its own element is the last one, whatever a caller put before.
"""

import re

# An element ends at a comma outside quotes; a subject in quotes may hold commas and escaped quotes.
_ELEMENT = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*")+')
_URI = re.compile(r'(?:^|;)URI=(?:"([^"]*)"|([^";,]*))')


def direct_peer(header: str) -> str | None:
    """Return the identity (a SPIFFE URI) of the last element of an `x-forwarded-client-cert` header.

    Notes
    -----
    None unless there is exactly one: of several it would not be clear which one the sidecar has checked.
    """
    elements = _ELEMENT.findall(header)
    if not elements:
        return None
    found = [quoted or plain for quoted, plain in _URI.findall(elements[-1])]
    return found[0] if len(found) == 1 else None
