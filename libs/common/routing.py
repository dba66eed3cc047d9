"""Routers whose every route asks for a scope, counts against the limit, and declares its failures."""

from collections.abc import Callable, Coroutine
from enum import Enum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.convertors import StringConvertor, register_url_convertor

from common.auth import Principal, Scope
from common.dependencies import RuntimeDep, runtime_of
from common.errors import Forbidden, UnsupportedMediaType, problems
from common.gateway import Service
from common.idempotency import answer_once
from common.offloading import LargeBodyRequest


class SegmentConvertor(StringConvertor):
    """A path segment without a colon: `/alerts/{id}` must not swallow `/alerts/1:resolve`, whose methods are others."""

    regex = "[^/:]+"


register_url_convertor("str", SegmentConvertor())

API_KEY = APIKeyHeader(
    name="X-API-Key", scheme_name="ApiKey", auto_error=False, description="A key of `mia keys create`."
)
BEARER = HTTPBearer(scheme_name="Bearer", auto_error=False, description="The same key, or a token between services.")


async def authorize(
    request: Request,
    response: Response,
    runtime: RuntimeDep,
    api_key: Annotated[str | None, Security(API_KEY)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> Principal:
    """Return the caller, who may read (GET) or write (everything else) and is within its rate limit."""
    shown = f"Bearer {bearer.credentials}" if bearer else None
    principal = await runtime.authenticator.authenticate(shown, api_key)
    demand(principal, "read" if request.method == "GET" else "write")
    request.state.principal = principal
    if not principal.is_service:
        address = request.client.host if request.client else "local"
        caller = principal.name if principal.name != "anonymous" else f"address:{address}"
        response.headers.update(await runtime.rate_limiter.admit(caller))
    return principal


PrincipalDep = Annotated[Principal, Depends(authorize)]


async def require_admin(principal: PrincipalDep) -> None:
    """Let only callers with the scope `admin` pass."""
    demand(principal, "admin")


def demand(principal: Principal, scope: Scope) -> None:
    """Raise `Forbidden` when `principal` lacks `scope`; `admin` includes the others, `write` includes `read`."""
    granted = principal.scopes
    if scope in granted or "admin" in granted or (scope == "read" and "write" in granted):
        return
    raise Forbidden(f"The credential lacks the scope {scope!r}.")


class ServiceRoute(APIRoute):
    """A route that checks the body's content type and honours `Idempotency-Key` on creating POSTs (status 201)."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        extra: dict[str, Any] = options.get("openapi_extra") or {}
        methods = set(options.get("methods") or {"GET"})
        self.is_creation = methods == {"POST"} and options.get("status_code") == 201
        super().__init__(path, endpoint, **options)
        declared: dict[str, Any] = extra.get("requestBody", {}).get("content", {})
        self.content_types = frozenset(declared) | ({"application/json"} if self.body_field else set())
        if self.content_types:
            self.responses = {**problems(400, 413, 415), **self.responses}

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with our checks before it."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if self.content_types:
                self._check_content_type(request)
            request = LargeBodyRequest(request.scope, request.receive)
            key = request.headers.get("Idempotency-Key") if self.is_creation else None
            if key is None:
                return await handler(request)
            caller = await _caller_name(request)
            return await answer_once(runtime_of(request), request, key, caller, handler)

        return handle

    def _check_content_type(self, request: Request) -> None:
        header = request.headers.get("content-type")
        if header is None and request.headers.get("content-length", "0") == "0":
            return
        given = (header or "").partition(";")[0].strip().lower()
        is_json = given.endswith("+json") and "application/json" in self.content_types
        if given not in self.content_types and not is_json:
            readable = ", ".join(sorted(self.content_types))
            raise UnsupportedMediaType(f"This route reads {readable}, not {given[:100] or 'a body without a type'}.")


async def _caller_name(request: Request) -> str:
    """Return whose key it is: an answer kept for one caller is never given to another."""
    principal = await runtime_of(request).authenticator.authenticate(
        request.headers.get("authorization"), request.headers.get("x-api-key")
    )
    return principal.name


def service_router(
    service: Service, tags: list[str | Enum] | None = None, admit: Callable[..., Any] = authorize
) -> APIRouter:
    """Return a router under the base path of `service` whose routes need a scope and declare the common failures.

    Parameters
    ----------
    admit : the dependency that returns the caller or refuses it
    """
    return APIRouter(
        prefix=service.base_path,
        tags=tags,
        route_class=ServiceRoute,
        dependencies=[Depends(admit)],
        responses=problems(401, 403, 422, 429, 500, 503),
    )
