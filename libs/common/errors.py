"""Errors that a caller can understand, each with its HTTP status and a stable code.

ServiceError                        500  internal_error
├── Malformed                       400  malformed_request
├── Unauthorized                    401  unauthorized
├── Forbidden                       403  forbidden
├── NotFound                        404  not_found
├── Conflict                        409  conflict
├── PreconditionFailed              412  precondition_failed
├── UnsupportedMediaType            415  unsupported_media_type
├── Unprocessable                   422  unprocessable
├── TooManyRequests                 429  rate_limited
└── Unavailable                     503  unavailable
    └── DatabaseUnavailable         503  database_unavailable
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, Field

from common.contracts.batch import ErrorDetail
from common.contracts.text import without_control_characters
from common.secrets.masking import without_addresses

PROBLEM_JSON = "application/problem+json"


class Problem(BaseModel):
    """The body of every failed request (RFC 9457)."""

    type: str = Field(description="URI reference that identifies the kind of problem.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(ge=400, le=599, description="The HTTP status.")
    detail: str = Field(description="What went wrong in this case.")
    instance: str = Field(description="The requested path.")
    code: str = Field(description="Stable code of the kind of problem, for example `not_found`.")
    errors: list[ErrorDetail] = Field(default_factory=list, description="Each wrong value of the request.")
    request_id: str = Field(description="Identifier of the request, also in the header `X-Request-ID` and the logs.")
    trace_id: str = Field(description="W3C trace id of the request.")


FoundT = TypeVar("FoundT")


class ServiceError(Exception):
    """An error that carries its HTTP status and a stable code."""

    status: ClassVar[int] = 500
    code: str = "internal_error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        errors: Sequence[ErrorDetail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.errors = list(errors)
        self.headers = dict(headers or {})


class Malformed(ServiceError):
    """The request cannot be read, for example because its JSON is broken."""

    status = 400
    code = "malformed_request"


class Unauthorized(ServiceError):
    """No credential, or one that is unknown, revoked or expired."""

    status = 401
    code = "unauthorized"


class Forbidden(ServiceError):
    """A valid credential without the scope that the route asks for."""

    status = 403
    code = "forbidden"


class NotFound(ServiceError):
    """The resource does not exist (or did not at the moment asked for)."""

    status = 404
    code = "not_found"

    @classmethod
    def of(cls, kind: str, identifier: object, *, at: datetime | None = None, code: str | None = None) -> "NotFound":
        """Return the error of a resource that is not there (or was not `at` that moment), in the words of all services.

        Parameters
        ----------
        kind : what it is in the singular, without an article, for example "event study"
        identifier : as the caller gave it; what is long is cut
        """
        then = "" if at is None else f" at {at.isoformat()}"
        return cls(f"There is no {kind} with the id {str(identifier)[:100]}{then}.", code=code)

    @classmethod
    def unless(cls, found: FoundT | None, kind: str, identifier: object, *, at: datetime | None = None) -> FoundT:
        """Return what was found; raise the error of `of` where that is None."""
        if found is None:
            raise cls.of(kind, identifier, at=at)
        return found


class Conflict(ServiceError):
    """The request contradicts the present state of the resource."""

    status = 409
    code = "conflict"


class PreconditionFailed(ServiceError):
    """`If-Match` names a version that is no longer current."""

    status = 412
    code = "precondition_failed"


class UnsupportedMediaType(ServiceError):
    """The body has a content type that the route does not read."""

    status = 415
    code = "unsupported_media_type"


class Unprocessable(ServiceError):
    """The request is well-formed and asks for something that cannot be done."""

    status = 422
    code = "unprocessable"


class TooManyRequests(ServiceError):
    """The caller used up its allowance; `Retry-After` says when to come back."""

    status = 429
    code = "rate_limited"


class Unavailable(ServiceError):
    """Something that the service needs is not available; retrying later may work."""

    status = 503
    code = "unavailable"


class DatabaseUnavailable(Unavailable):
    """PostgreSQL cannot be reached or broke the connection; nothing was changed."""

    code = "database_unavailable"

    def __init__(self, cause: BaseException) -> None:
        super().__init__("PostgreSQL is not available; nothing was changed.", headers={"Retry-After": "5"})
        self.cause = cause


class NotModified(Exception):
    """The caller already has the current version."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


class ItemFault(Exception):
    """Work on an item of a batch failed, and its sender is told why: by a code for a program and words for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def describe(error: BaseException, max_characters: int = 300) -> str:
    """Return class and message of an error that a stranger had a hand in: on one line, short, and fit to be stored."""
    try:
        message = " ".join(without_control_characters(without_addresses(str(error)[: 2 * max_characters])).split())
    except Exception:  # noqa: BLE001 - a message that cannot be written must not hide that there was an error
        message = ""
    return f"{type(error).__name__}: {message}"[:max_characters] if message else type(error).__name__


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` argument of a route that declares these failures in the OpenAPI document."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": {PROBLEM_JSON: {"schema": schema}}}
        for status in statuses
    }
