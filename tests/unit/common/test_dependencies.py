"""What every route pays for."""

import inspect
from importlib import import_module

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from common.gateway import SERVICES


def _is_async(call: object) -> bool:
    functions = (call, vars(type(call)).get("__call__"))
    return any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in functions)


def plain_functions(dependant: Dependant) -> list[str]:
    """Return the dependencies that FastAPI would run in a thread: plain functions, and classes' plain `__call__`."""
    found = []
    for inner in dependant.dependencies:
        call = inner.call
        if call is not None and not _is_async(call):
            found.append(getattr(call, "__qualname__", repr(call)))
        found += plain_functions(inner)
    return found


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_no_dependency_is_run_in_a_thread(service) -> None:
    app = import_module(f"{service.name}.app").create_app(import_module(f"{service.name}.settings").Settings())

    routes = [context.original_route for context in iter_route_contexts(app.router.routes)]
    found = {name for route in routes if isinstance(route, APIRoute) for name in plain_functions(route.dependant)}

    assert found == set()
    endpoints = [route.endpoint for route in routes if isinstance(route, APIRoute)]
    assert [endpoint.__name__ for endpoint in endpoints if not _is_async(endpoint)] == []
