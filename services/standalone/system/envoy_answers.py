"""Envoy's own responses, in the form of the services': problem bodies, and `Retry-After` where it helps."""

from http import HTTPStatus

from common.api.answer_headers import with_answer_headers
from common.api.problem_responses import problem_code
from common.contracts.json import JSONObject
from common.errors import PROBLEM_JSON

# The least that helps: a service that has died is started again within a second or two.
_RETRY_AFTER_SECONDS = 2
_DETAILS = {
    400: "The gateway cannot read the request.",
    403: "The gateway forbids the request.",
    404: "There is no service at this path.",
    408: "The request was not received completely in time.",
    413: "The body is larger than the gateway accepts.",
    426: "The gateway supports HTTP/1.1 and HTTP/2.",
    431: "The request line and headers are larger, or more, than the gateway accepts.",
    500: "The gateway failed.",
    501: "The gateway does not support what the request asks for.",
    502: "The response of the service is not HTTP.",
    503: "The service is not available; it is not known whether it received the request.",
    504: "The service did not answer in time.",
}
_RETRIED = frozenset({503, 504})
# Before a request has been read it has no identifier; the connection's number finds it in Envoy's log.
_EARLY = (400, 404, 408, 426, 431)
_OF_REQUEST, _OF_CONNECTION = "%STREAM_ID%", "connection-%CONNECTION_ID%"
# Two operators, of which the second is always empty, give a text; one alone would give null where it has no value.
_PATH = "%PATH(NQ)%%REQ(:none)%"
_TRACE_ID = "%CEL(re.extract(request.headers['traceparent'], '^00-([0-9a-f]{32})-.*', '\\\\1'))%%REQ(:none)%"


def local_replies() -> JSONObject:
    """Return Envoy's `local_reply_config`."""
    return {
        "mappers": [
            *(_mapper(_all_of(_has_status(status), _HAS_IDENTIFIER), status, _OF_REQUEST) for status in _EARLY),
            *(_mapper(_has_status(status), status, _OF_CONNECTION) for status in _EARLY),
            *(_mapper(_has_status(status), status, _OF_REQUEST) for status in _DETAILS if status not in _EARLY),
        ]
    }


_HAS_IDENTIFIER: JSONObject = {"header_filter": {"header": {"name": "x-request-id", "present_match": True}}}


def _has_status(status: int) -> JSONObject:
    return {"status_code_filter": {"comparison": {"value": {"default_value": status, "runtime_key": "unused"}}}}


def _all_of(*filters: JSONObject) -> JSONObject:
    return {"and_filter": {"filters": list(filters)}}


def _mapper(condition: JSONObject, status: int, identifier: str) -> JSONObject:
    return {
        "filter": condition,
        "headers_to_add": [
            {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for name, value in _headers(status, identifier)
        ],
        "body_format_override": {
            "json_format": _problem(status, identifier),
            "content_type": PROBLEM_JSON,
            "omit_empty_values": True,
        },
    }


def _headers(status: int, identifier: str) -> list[tuple[str, str]]:
    own = [(b"retry-after", str(_RETRY_AFTER_SECONDS).encode())] if status in _RETRIED else []
    # The method is not known here: what may not be a read is not kept.
    every = with_answer_headers(own, "POST", identifier)
    return [(name.decode(), value.decode()) for name, value in every]


def _problem(status: int, identifier: str) -> JSONObject:
    code = problem_code(status)
    return {
        "type": f"urn:mia:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": "%RESPONSE_CODE%",
        "detail": _DETAILS[status],
        "instance": _PATH,
        "code": code,
        "errors": [],
        "request_id": identifier,
        "trace_id": _TRACE_ID,
    }
