"""Typed dependencies of this service's routes, and how the routes of platform events identify the caller."""

from typing import Annotated

from fastapi import Depends, Request

from alerts.engine import Engine
from alerts.platform_events.mesh_identity import direct_peer
from common.access.auth import Principal
from common.api.dependencies import engine_of
from common.api.routing import ServiceRoute


async def get_engine(request: Request) -> Engine:
    """Return the engine of the app that serves this request."""
    return engine_of(request, Engine)


EngineDep = Annotated[Engine, Depends(get_engine)]


class EventRoute(ServiceRoute):
    """A route for senders that may have no credential: without one, an identity that the settings admit will do."""

    async def identify(self, request: Request) -> Principal:
        """Return the sender: by its credential, or, when it shows none, by the identity that the mesh has proved."""
        headers = request.headers
        admitted = engine_of(request, Engine).settings.mesh_principals
        # Whoever adds a header of its own adds it before: the last element is still the sidecar's.
        peer = ",".join(headers.getlist("x-forwarded-client-cert"))
        if peer and admitted and not (headers.get("x-api-key") or headers.get("authorization")):
            identity = direct_peer(peer)
            if identity is not None and identity in admitted:
                return Principal(f"mesh:{identity}", frozenset({"write"}))
        return await super().identify(request)
