"""What the routes of events ask for: a credential as everywhere, or an identity that the settings admit."""

from typing import Annotated

from fastapi import Header, Request, Response, Security
from fastapi.security import HTTPAuthorizationCredentials

from alerts.mesh_identity import direct_peer
from alerts.settings import Settings
from common.auth import Principal
from common.dependencies import RuntimeDep
from common.routing import API_KEY, BEARER, authorize


async def authorize_sender(
    request: Request,
    response: Response,
    runtime: RuntimeDep,
    api_key: Annotated[str | None, Security(API_KEY)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    peer: Annotated[str | None, Header(alias="x-forwarded-client-cert", include_in_schema=False)] = None,
) -> Principal:
    """Return the sender: by its credential, or, when it shows none, by an identity that the settings admit."""
    admitted = runtime.settings_as(Settings).mesh_principals
    identity = direct_peer(peer) if peer and admitted else None
    if api_key is None and bearer is None and identity is not None and identity in admitted:
        principal = Principal(f"mesh:{identity}", frozenset({"write"}))
        request.state.principal = principal
        response.headers.update(await runtime.rate_limiter.admit(principal.name))
        return principal
    return await authorize(request, response, runtime, api_key, bearer)
