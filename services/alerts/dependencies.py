"""What the routes of events ask for: a credential as everywhere, or an identity that the settings admit."""

from fastapi import Request

from alerts.platform_events.mesh_identity import direct_peer
from alerts.settings import Settings
from common.access.auth import Principal
from common.api.dependencies import runtime_of
from common.api.routing import ServiceRoute


class EventRoute(ServiceRoute):
    """A route for senders that may have no credential: without one, an identity that the settings admit will do."""

    async def identify(self, request: Request) -> Principal:
        """Return the sender: by its credential, or, when it shows none, by the identity that the mesh has proved."""
        headers = request.headers
        admitted = runtime_of(request).settings_as(Settings).mesh_principals
        # Whoever adds a header of its own adds it before: the last element is still the sidecar's.
        peer = ",".join(headers.getlist("x-forwarded-client-cert"))
        if peer and admitted and not (headers.get("x-api-key") or headers.get("authorization")):
            identity = direct_peer(peer)
            if identity is not None and identity in admitted:
                return Principal(f"mesh:{identity}", frozenset({"write"}))
        return await super().identify(request)
