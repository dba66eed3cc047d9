"""The committed OpenAPI documents, and what is found in them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

JSON = dict[str, Any]
FOLDER = Path(__file__).parents[2] / "contracts"


def committed_document(service: str) -> JSON:
    document: JSON = json.loads((FOLDER / f"{service}.openapi.json").read_text(encoding="utf-8"))
    return document


def operations_in(document: JSON) -> Iterator[tuple[str, JSON]]:
    """Yield every operation with its name, for example `GET /alerts/v1/rules`."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def objects_in(node: Any, place: str = "#") -> Iterator[tuple[str, JSON]]:
    """Yield every object of a document with the place where it stands."""
    if isinstance(node, dict):
        yield place, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in children:
        yield from objects_in(value, f"{place}/{key}")


def wanting_operations(document: JSON) -> list[str]:
    """Return what tools miss at operations: a declared tag, a description, an identifier of their own."""
    declared = {tag["name"] for tag in document.get("tags", ())}
    seen: set[str] = set()
    wanting = []
    for name, operation in operations_in(document):
        wanting += [f"{name}: the tag {tag!r} is not declared" for tag in operation["tags"] if tag not in declared]
        wanting += [f"{name}: no {part}" for part in ("description", "operationId", "tags") if not operation.get(part)]
        if operation.get("operationId") in seen:
            wanting.append(f"{name}: its operationId is another one's too")
        seen.add(operation.get("operationId", ""))
    return wanting


def arrays_without_items(document: JSON) -> list[str]:
    return [place for place, node in objects_in(document) if node.get("type") == "array" and "items" not in node]


def undescribed_properties(document: JSON, part: str) -> set[str]:
    """Return `Schema.property` of each property without a description of its own in a `part` of any operation.

    Parameters
    ----------
    part : `responses` or `requestBody`
    """
    schemas = document["components"]["schemas"]
    waiting = [operation[part] for _, operation in operations_in(document) if part in operation]
    reached: set[str] = set()
    found: set[str] = set()
    while waiting:
        for place, node in objects_in(waiting.pop()):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in reached:
                reached.add(name)
                waiting.append({name: schemas[name]})
            owner = place.rpartition("#/")[2]
            properties = node.get("properties")
            if isinstance(properties, dict) and not place.endswith("/properties"):
                found |= {f"{owner}.{name}" for name, schema in properties.items() if "description" not in schema}
    return found


def undescribed_parameters(document: JSON) -> list[str]:
    """Return the parameters of operations, in paths, queries and headers, that have no description."""
    return [
        f"{name}: {parameter['name']}"
        for name, operation in operations_in(document)
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    ]
