"""The exception handlers of every service: whatever goes wrong leaves as an RFC 9457 problem body."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from asyncpg.exceptions import PostgresError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from common.contracts.batch import ErrorDetail, first_details
from common.errors import PROBLEM_JSON, DatabaseUnavailable, NotModified, Problem, ServiceError
from common.postgres.faults import database_fault
from common.telemetry.request_context import current_context

logger = structlog.get_logger(__name__)

_CODES = {
    400: "malformed_request",
    413: "body_too_large",
    414: "uri_too_long",
    429: "rate_limited",
    431: "headers_too_large",
    503: "unavailable",
}


def problem_code(status: int) -> str:
    """Return the code of a problem of which nothing is known but its status."""
    return _CODES.get(status, HTTPStatus(status).name.lower())


def problem_response(
    status: int,
    code: str,
    detail: str,
    instance: str,
    *,
    errors: Sequence[ErrorDetail] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return a response with a problem body."""
    context = current_context()
    problem = Problem(
        type=f"urn:mia:problem:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=instance,
        code=code,
        errors=list(errors),
        request_id=context.request_id,
        trace_id=context.trace_id,
    )
    return JSONResponse(problem.model_dump(), status, dict(headers or {}), media_type=PROBLEM_JSON)


def unexpected_error(instance: str) -> JSONResponse:
    """Return the body for a fault of ours; it tells nothing of the inside."""
    return problem_response(500, "internal_error", "An unexpected error; it is logged under request_id.", instance)


def install_problem_handlers(app: FastAPI) -> None:
    """Register the handlers on `app`."""

    async def on_service_error(request: Request, error: ServiceError) -> Response:
        if isinstance(error, DatabaseUnavailable):
            logger.warning("database_unavailable", cause=repr(error.cause))
        return problem_response(
            error.status, error.code, error.detail, request.scope["path"], errors=error.errors, headers=error.headers
        )

    async def on_not_modified(_request: Request, error: NotModified) -> Response:
        return Response(status_code=304, headers={"ETag": error.etag})

    async def on_http_exception(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_allowed_methods(request)))
        code = problem_code(error.status_code)
        return problem_response(
            error.status_code, code, _detail(error, request), request.scope["path"], headers=headers
        )

    handlers: dict[type[Exception], Any] = {
        ServiceError: on_service_error,
        NotModified: on_not_modified,
        HTTPException: on_http_exception,
        RequestValidationError: _on_validation_error,
        DBAPIError: _on_database_error,
        PostgresError: _on_database_error,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _detail(error: HTTPException, request: Request) -> str:
    if error.status_code == 404:
        return f"There is nothing at {request.scope['path']}."
    if error.status_code == 405:
        return f"{request.method} is not allowed at {request.scope['path']}."
    if error.status_code == 413:
        return "The body is larger than this service accepts."
    return str(error.detail)


def _allowed_methods(request: Request) -> set[str]:
    """Return the methods of every route at this path; Starlette names those of the first one only."""
    path: str = request.scope["path"]
    routes = iter_route_contexts(request.app.router.routes)
    return {method for route in routes if route.methods and route.path_regex.match(path) for method in route.methods}


async def _on_validation_error(request: Request, error: RequestValidationError) -> Response:
    found = error.errors()
    errors = first_details(found)
    path: str = request.scope["path"]
    if any(item.type == "json_invalid" for item in errors):
        return problem_response(400, "malformed_json", "The body is not JSON.", path, errors=errors)
    return problem_response(422, "invalid_request", f"{len(found)} value(s) are not valid.", path, errors=errors)


async def _on_database_error(request: Request, error: DBAPIError | PostgresError) -> Response:
    path: str = request.scope["path"]
    match database_fault(error):
        case "invalid_value":
            return problem_response(422, "invalid_value", "A value cannot be stored or compared.", path)
        case "too_complex":
            return problem_response(422, "too_complex", "The query is nested too deeply; use fewer operators.", path)
        case "conflict":
            return problem_response(409, "conflict", "The request conflicts with something that already exists.", path)
        case "unavailable":
            return _database_gone(request, error)
        case _:
            raise error


def _database_gone(request: Request, cause: Exception) -> Response:
    error = DatabaseUnavailable(cause)
    return problem_response(error.status, error.code, error.detail, request.scope["path"], headers=error.headers)
