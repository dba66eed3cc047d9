"""Routers in which every route requires a scope, counts against the rate limit, and declares its errors."""

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.datastructures import MutableHeaders
from starlette.routing import compile_path
from starlette.types import Message, Receive, Send
from starlette.types import Scope as ASGIScope

from common.access.auth import Principal, Scope
from common.api.dependencies import runtime_of
from common.api.idempotency import answer_once, fields_shown_once
from common.api.large_body import LargeBodyRequest
from common.errors import Forbidden, UnsupportedMediaType, problems
from common.gateway import Service


class SegmentConvertor(StringConvertor):
    """A path segment without a colon: `/alerts/{id}` must not swallow `/alerts/1:resolve`, whose methods are others."""

    regex = "[^/:]+"


_SEGMENT = "segment"
_BARE_PARAMETER = re.compile(r"\{(\w+)\}")
register_url_convertor(_SEGMENT, SegmentConvertor())

API_KEY = APIKeyHeader(
    name="X-API-Key", scheme_name="ApiKey", auto_error=False, description="An API key made by `mia keys create`."
)
BEARER = HTTPBearer(scheme_name="Bearer", auto_error=False, description="The same key, or a service token.")


async def get_principal(
    request: Request,
    _api_key: Annotated[str | None, Security(API_KEY)],
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
) -> Principal:
    """Return the caller, whom the route has let in before the body was read; the credentials are only declared here."""
    principal: Principal = request.state.principal
    return principal


PrincipalDep = Annotated[Principal, Depends(get_principal)]


async def require_admin(principal: PrincipalDep) -> None:
    """Let only callers with the scope `admin` pass; the route asks for it before it reads the body."""
    demand(principal, "admin")


def demand(principal: Principal, scope: Scope) -> None:
    """Raise `Forbidden` when `principal` lacks `scope`; `admin` includes the others, `write` includes `read`."""
    granted = principal.scopes
    if scope in granted or "admin" in granted or (scope == "read" and "write" in granted):
        return
    raise Forbidden(f"The credential lacks the scope {scope!r}.")


class ServiceRoute(APIRoute):
    """A route that lets callers in before it reads the body, and honours `Idempotency-Key` where it creates (201).

    Notes
    -----
    The order is: credential (401), scope (403), rate limit (429), content type (415), then the body. `RateLimit-*` are
    on every answer to a request that was counted, refusals and replays included.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - whatever FastAPI's takes
        extra: dict[str, Any] = options.get("openapi_extra") or {}
        methods = set(options.get("methods") or {"GET"})
        self.is_creation = methods == {"POST"} and options.get("status_code") == 201
        asked = [dependency.dependency for dependency in options.get("dependencies") or ()]
        self.scope: Scope = "admin" if require_admin in asked else "read" if methods == {"GET"} else "write"
        super().__init__(path, endpoint, **options)
        # Only how a path is matched: the path itself names the route in metrics and in the OpenAPI document.
        matched = _BARE_PARAMETER.sub(rf"{{\1:{_SEGMENT}}}", path)
        self.path_regex, _, self.param_convertors = compile_path(matched)
        declared: dict[str, Any] = extra.get("requestBody", {}).get("content", {})
        self.content_types = frozenset(declared) | ({"application/json"} if self.body_field else set())
        if self.content_types:
            self.responses = {**problems(400, 413, 415), **self.responses}

    async def identify(self, request: Request) -> Principal:
        """Return the caller that the request's headers prove; `Unauthorized` otherwise."""
        authenticator = runtime_of(request).authenticator
        return await authenticator.authenticate(request.headers.get("authorization"), request.headers.get("x-api-key"))

    async def handle(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Serve one request, and tell on whatever answer how much of the allowance is left."""

        async def send_with_allowance(message: Message) -> None:
            allowance = scope.get("state", {}).get("allowance")
            if allowance and message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(allowance)
            await send(message)

        await super().handle(scope, receive, send_with_allowance)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler with our checks before it."""
        handler = super().get_route_handler()
        shown_once = fields_shown_once(self.response_model)

        async def handle(request: Request) -> Response:
            principal = await self._admit(request)
            if self.content_types:
                self._check_content_type(request)
            request = LargeBodyRequest(request.scope, request.receive)
            if not self.is_creation or "Idempotency-Key" not in request.headers:
                return await handler(request)
            return await answer_once(runtime_of(request), request, principal.name, handler, shown_once=shown_once)

        return handle

    async def _admit(self, request: Request) -> Principal:
        """Return the caller, who may do this and is within its rate limit."""
        principal = await self.identify(request)
        demand(principal, self.scope)
        request.state.principal = principal
        if not principal.is_service:
            address = request.client.host if request.client else "local"
            caller = principal.name if principal.name != "anonymous" else f"address:{address}"
            request.state.allowance = await runtime_of(request).rate_limiter.admit(caller)
        return principal

    def _check_content_type(self, request: Request) -> None:
        coding = request.headers.get("content-encoding", "").strip().lower()
        if coding not in {"", "identity"}:
            raise UnsupportedMediaType(f"A body must be sent without content coding, not with {coding[:40]!r}.")
        header = request.headers.get("content-type")
        if header is None and request.headers.get("content-length", "0") == "0":
            return
        given = (header or "").partition(";")[0].strip().lower()
        is_json = given.endswith("+json") and "application/json" in self.content_types
        if given not in self.content_types and not is_json:
            readable = ", ".join(sorted(self.content_types))
            raise UnsupportedMediaType(
                f"This route accepts {readable}, not {given[:100] or 'a body without a content type'}."
            )


class ServiceRouter(APIRouter):
    """The routes of one resource: `tag` groups them in the OpenAPI document, and `about` says there what they are."""

    tag: str
    about: str


def service_router(
    service: Service, tag: str, about: str, route_class: type[ServiceRoute] = ServiceRoute
) -> ServiceRouter:
    """Return a router under the base path of `service` whose routes need a scope and declare the common failures.

    Parameters
    ----------
    tag : name of the resource.
    about : what the resource is, in one sentence.
    route_class : says how a route knows its callers.
    """
    router = ServiceRouter(
        prefix=service.base_path,
        tags=[tag],
        route_class=route_class,
        dependencies=[Depends(get_principal)],
        responses=problems(401, 403, 422, 429, 500, 503),
    )
    router.tag, router.about = tag, about
    return router
