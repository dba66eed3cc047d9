"""What a body holds is bounded before it is looked at: wrong ones make neither long answers nor long work."""

import json
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from alerts.schemas.integrations import MAX_ALERTS
from common.contracts import Analysis, Impact
from common.contracts.batch import MAX_BATCH_ITEMS, ErrorDetail, error_details
from common.contracts.bounds import MAX_REPORTED_ERRORS, ClosedModel
from common.gateway import SERVICES
from standalone.system.composition import load_app, load_settings


@cache
def app_of(name: str) -> FastAPI:
    service = next(service for service in SERVICES if service.name == name)
    return load_app(service, load_settings(service))


def bodies(name: str) -> Iterator[tuple[str, Any]]:
    """Yield each route that reads JSON, with the core schema of its body."""
    for route in app_of(name).routes:
        if isinstance(route, APIRoute) and route.body_field is not None:
            info = route.body_field.field_info
            yield f"{min(route.methods)} {route.path}", TypeAdapter(info.annotation).core_schema


def unbounded(schema: Any, place: str = "", *, is_short: bool = False) -> Iterator[str]:
    """Yield where a list is read to its end although an item was wrong, or a map although it is too long."""
    if isinstance(schema, list | tuple):
        for part in schema:
            yield from unbounded(part, place)
        return
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    if kind == "list" and not schema.get("fail_fast") and not is_batch(schema):
        yield f"{place}: a list"
    if kind == "dict" and "values_schema" in schema and not is_short:
        yield f"{place}: a map"
    checks_length = kind == "function-before" and "entries_up_to" in repr(schema["function"])
    for key, value in schema.items():
        if key == "fields" and isinstance(value, dict):
            for name, field in value.items():
                yield from unbounded(field, f"{place}.{name}")
        elif key not in {"metadata", "serialization"}:
            yield from unbounded(value, place, is_short=key == "schema" and (checks_length or is_short))


def closed_models(schema: Any) -> Iterator[type[BaseModel]]:
    """Yield the models of a schema that refuse fields which they do not know."""
    if isinstance(schema, list | tuple):
        for part in schema:
            yield from closed_models(part)
    elif isinstance(schema, dict):
        if schema.get("type") == "model" and schema.get("config", {}).get("extra_fields_behavior") == "forbid":
            yield schema["cls"]
        for key, value in schema.items():
            if key not in {"metadata", "serialization"}:
                yield from closed_models(value)


def is_batch(schema: dict[str, Any]) -> bool:
    """Return whether a list answers each of its few items by itself."""
    return bool(
        schema.get("max_length", 10**9) <= max(MAX_BATCH_ITEMS, MAX_ALERTS)
        and schema["items_schema"]["type"] == "function-wrap"
    )


@pytest.mark.parametrize("name", [service.name for service in SERVICES])
def test_every_list_and_map_of_a_body_is_bounded_before_it_is_read(name: str) -> None:
    found = {route: sorted(set(unbounded(schema))) for route, schema in bodies(name)}

    assert {route: places for route, places in found.items() if places} == {}


WRONG = [1] * 300_000
BODIES: list[tuple[Any, dict[str, Any]]] = [
    (Analysis, {"entities": WRONG}),
    (Analysis, {"entities": [{"mentions": WRONG, "meanings": WRONG}]}),
    (Analysis, {"events": [{"roles": WRONG, "magnitudes": WRONG}], "topics": WRONG, "evidence": WRONG}),
    (Analysis, {"model_versions": {str(number): number for number in range(300_000)}}),
    (Impact, {"context": {"topics": WRONG, "event_types": WRONG}}),
]


@pytest.mark.parametrize(("model", "body"), BODIES)
def test_wrong_items_are_not_looked_at_one_by_one(model: Any, body: dict[str, Any]) -> None:
    assert_refused_in_little_time(model, body)


def assert_refused_in_little_time(model: Any, body: dict[str, Any]) -> list[ErrorDetail]:
    started = time.process_time()
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    details = error_details(refused.value)
    seconds = time.process_time() - started

    assert len(details) <= MAX_REPORTED_ERRORS
    assert len(json.dumps([detail.model_dump() for detail in details])) < 20_000
    assert seconds < 1.0
    return details


class Pedantic(BaseModel):
    model_config = ConfigDict(extra="forbid")


def test_a_model_that_tells_every_unknown_field_is_found() -> None:
    assert list(closed_models(TypeAdapter(list[Pedantic]).core_schema)) == [Pedantic]


@pytest.mark.parametrize("name", [service.name for service in SERVICES])
def test_unknown_fields_are_not_told_one_by_one(name: str) -> None:
    unknown = dict.fromkeys((str(number) for number in range(300_000)), 1)

    for model in {model for _, schema in bodies(name) for model in closed_models(schema)}:
        assert issubclass(model, ClosedModel)
        details = assert_refused_in_little_time(model, unknown)
        assert "extra_forbidden" in {detail.type for detail in details}


class One(ClosedModel):
    name: str = ""


def test_a_few_unknown_fields_are_each_told_by_their_names() -> None:
    with pytest.raises(ValidationError) as refused:
        One.model_validate({"nmae": "x", "x" * 1_000_000: 1})

    assert [(detail.loc, detail.type) for detail in error_details(refused.value)] == [
        (["nmae"], "extra_forbidden"),
        (["x" * 200], "extra_forbidden"),
    ]


def test_of_many_unknown_fields_some_are_named() -> None:
    with pytest.raises(ValidationError, match=r"not permitted: 'x1', 'x2', 'x3', 'x4', 'x5' and others, 101 fields"):
        One.model_validate({"name": "a", **{f"x{number}": 1 for number in range(1, 101)}})
