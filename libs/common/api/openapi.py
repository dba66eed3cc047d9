"""The OpenAPI document of a service, in the vocabulary of version 3.1 of the specification.

FastAPI writes two things that tools refuse: `itemSchema`, which came with OpenAPI 3.2, and tuples without `items`.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import JsonValue

from common.api.routing import ServiceRouter
from common.contracts.json import JSONObject
from common.errors import Problem

_CONTACT: JSONObject = {
    "name": "Market Impact Analysis System",
    "url": "https://github.com/market-impact-analysis-system",
}
# Every path begins with the service's prefix, by which the gateway routes: the server is whoever gave the document.
_SERVERS: list[dict[str, str | JsonValue]] = [
    {"url": "/", "description": "The gateway, or the service itself: whichever this document was read from."}
]
_EVENT: JSONObject = {
    "type": "object",
    "description": "One event of the stream, which is a sequence of them.",
    "properties": {
        "id": {"type": "string", "description": "Where the stream can be resumed, as `Last-Event-ID`."},
        "event": {"type": "string", "description": "Name of the event."},
        "data": {"type": "string", "description": "What happened, as JSON text."},
        "retry": {"type": "integer", "minimum": 0, "description": "Milliseconds to wait before connecting again."},
    },
}


def openapi_document(app: FastAPI, routers: Sequence[ServiceRouter]) -> JSONObject:
    """Return the document of `app`: the routes of `routers` under their tags, and the schema of every problem."""
    document: JSONObject = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        contact=_CONTACT,
        servers=_SERVERS,
        tags=[{"name": router.tag, "description": router.about} for router in routers],
        routes=app.routes,
    )
    _add_problem(document)
    for node in _objects_in(document):
        _describe_stream(node)
        _give_items(node)
    return document


def _add_problem(document: JSONObject) -> None:
    """Add the schema that every problem response refers to."""
    problem: JSONObject = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    definitions = problem.pop("$defs", {})
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {}) if isinstance(components, dict) else None
    if not isinstance(schemas, dict) or not isinstance(definitions, dict):
        raise TypeError("an OpenAPI document has its schemas in objects")
    schemas.update(definitions)
    schemas["Problem"] = problem


def _objects_in(node: JsonValue) -> Iterator[JSONObject]:
    """Yield every object of the document, outermost first."""
    if isinstance(node, dict):
        yield node
        for value in list(node.values()):
            yield from _objects_in(value)
    elif isinstance(node, list):
        for value in node:
            yield from _objects_in(value)


def _describe_stream(node: JSONObject) -> None:
    """Describe a stream by one of its events, as tools expect it: `itemSchema` is not in OpenAPI 3.1."""
    stream = node.get("text/event-stream")
    if isinstance(stream, dict) and stream.pop("itemSchema", None) is not None:
        stream["schema"] = deepcopy(_EVENT)


def _give_items(node: JSONObject) -> None:
    """Say of a tuple what its elements are, for tools that ask every array for `items`."""
    elements = node.get("prefixItems")
    if isinstance(elements, list) and "items" not in node:
        kinds = [one for index, one in enumerate(elements) if one not in elements[:index]]
        node["items"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
