"""Whatever a stranger writes into headers, queries and paths, every route of every service answers below 500."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute

from common.gateway import SERVICES
from tests.asgi_requests import RawAnswer, send_raw
from tests.conftest import RunningService, StartService

NAMES = [service.name for service in SERVICES]
JSON_TYPE = (b"content-type", b"application/json")

# Each beside a Host of ours, but for those that are a Host themselves.
HEADERS: list[tuple[bytes, bytes]] = [
    *[(b"host", value) for value in (b"", b"[", b"[::1", b"a b", b"a:99999999", b"a:b", b"\xff\xfe", b"//x/y?z#")],
    *[(b"last-event-id", value) for value in (b"", b"-", b"9" * 18 + b"-" + b"9" * 18, b"1-2-3", b"\xe2\x82\x82-1")],
    *[(b"if-match", value) for value in (b"", b'"', b"W/", b"*", b",,,", b"\xff" * 50)],
    *[(b"if-none-match", value) for value in (b'W/"', b"*,*", b'"\xff"')],
    *[(b"if-modified-since", value) for value in (b"", b"Mon, 99 Foo 99999 99:99:99 GMT", b"\xff", b"0")],
    *[(b"traceparent", value) for value in (b"00-0-0-0", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-00", b"\xff--")],
    *[(b"tracestate", b"=,=,\xff")],
    *[(b"x-request-id", value) for value in (b"", b"a" * 5_000, b"\xff\x01", b"{}")],
    *[(b"idempotency-key", value) for value in (b"", b"k" * 256, b"\xff", b"\x01")],
    *[(b"range", value) for value in (b"bytes=", b"bytes=9-1", b"bytes=-0", b"lines=1-2", b"bytes=0-0,0-0," * 50)],
    *[(b"content-length", value) for value in (b"-1", b"9" * 5_000, b"\xb2", b"1e3", b"0x10", b" ")],
    *[(b"accept", value) for value in (b"", b";;;", b"*/*;q=nan", b"\xff")],
    *[(b"accept-encoding", b"gzip;q=\xff")],
    *[(b"authorization", value) for value in (b"Bearer", b"Bearer  ", b"Basic \xff", b"Bearer a.b.c", b"bearer mia_")],
    *[(b"x-api-key", value) for value in (b"", b"mia_", b"mia__", b"\xff", b"mia_" + b"0" * 9_000)],
    *[(b"x-forwarded-for", b"\xff, 999.999.999.999")],
    *[(b"expect", b"nonsense")],
    *[(b"transfer-encoding", b"nonsense")],
]
# Of what the address of a request is put together: its host, and its query.
HEADS = [(b"localhost", b""), (b"[\xff", b""), (b"localhost", b"\xff=\xff")]
CONTENT_TYPES = [
    b"application/json; charset=undefined",
    b"application/json; charset=\xff",
    b"application/json;;;=",
    b"application/" + b"+json" * 500,
    b"application/x+json",
    b"text/csv; charset=idna",
    b"multipart/form-data",
    b"/",
    b"\xff\xfe",
]
BODIES = [
    b"",
    b"\x00",
    b"\xff\xfe{\x00}\x00",
    b"[" * 100_000,
    b'"\\ud800"',
    b"NaN",
    b"{}",
    b"1e999999",
    b'{"a":1,"a":2}',
]
SEGMENTS = ["%00", "%FF", "%ED%A0%80", "%2e%2e", "%2F", "%3F%23", "a" * 3_000, "{id}", "-1", str(uuid4())]
VALUES = ["", "\x00", "\ud800", "\U0010ffff", "NaN", "-1", "9" * 40, "1e400", "0001-01-01T00:00:00+14:00", "[]", "%"]
CURSORS: list[Any] = [[1], [None], [True], [[]], [{}], {}, 1, None, "x", [1, 1], ["\ud800", "\x00"], ["x", "y"]]
CURSORS += [["0001-01-01T00:00:00+14:00", str(uuid4())], ["9999-12-31T23:59:59-14:00", str(uuid4())], [10**30], [1e308]]


def as_cursor(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def routes(service: RunningService) -> list[APIRoute]:
    """Return every route of the service, those of its probes, metrics and pages included."""
    found = [route for route in service.app.router.routes if isinstance(route, APIRoute)]
    assert len(found) > 10
    return found


def filled(route: APIRoute, value: str = str(uuid4())) -> str:
    """Return the path of `route` with `value` in the place of each parameter."""
    path = route.path
    for name in route.param_convertors:
        path = path.replace(f"{{{name}}}", value)
    return path


def lists(service: RunningService) -> list[APIRoute]:
    """Return the routes that take a cursor."""
    return [route for route in routes(service) if "cursor" in query_names(route)]


def query_names(route: APIRoute) -> list[str]:
    def names(dependant: Any) -> Iterator[str]:
        yield from (parameter.alias for parameter in dependant.query_params)
        for inner in dependant.dependencies:
            yield from names(inner)

    return sorted(set(names(route.dependant)))


def method(route: APIRoute) -> str:
    (only,) = route.methods
    return only


def faults(answer: RawAnswer, *told: object) -> list[str]:
    """Return what is wrong with an answer: that the service broke, or refused without a problem body."""
    if answer.status >= 500:
        return [f"{answer.status} to {told}"]
    if answer.status >= 400 and answer.headers.get("content-type") != "application/problem+json":
        return [f"{answer.status} without a problem body to {told}"]
    return []


@pytest.mark.parametrize("name", NAMES)
async def test_no_header_makes_a_route_fail(name: str, start_service: StartService) -> None:
    async with start_service(name, stream_max_seconds=0.01) as service:
        found: list[str] = []
        for route in routes(service):
            for header in HEADERS:
                own = [header] if header[0] == b"host" else [(b"host", b"localhost"), header]
                answer = await send_raw(
                    service.app, method(route), filled(route), headers=[*own, JSON_TYPE], body=b"{}"
                )
                found += faults(answer, method(route), route.path, header)
        assert not found, "\n".join(found)


@pytest.mark.parametrize("name", NAMES)
async def test_no_body_and_no_content_type_makes_a_route_fail(name: str, start_service: StartService) -> None:
    async with start_service(name, stream_max_seconds=0.01) as service:
        found: list[str] = []
        for route in (each for each in routes(service) if method(each) not in {"GET", "DELETE"}):
            tried = [(JSON_TYPE[1], body) for body in BODIES] + [(kind, b"{}") for kind in CONTENT_TYPES]
            tried += [(b"text/csv", body) for body in BODIES]
            for kind, body in tried:
                headers = [(b"host", b"localhost"), (b"content-type", kind), (b"content-length", b"%d" % len(body))]
                answer = await send_raw(service.app, method(route), filled(route), headers=headers, body=body)
                found += faults(answer, method(route), route.path, kind, body[:50])
        assert not found, "\n".join(found)


@pytest.mark.parametrize("name", NAMES)
async def test_no_query_and_no_path_makes_a_route_fail(name: str, start_service: StartService) -> None:
    async with start_service(name, stream_max_seconds=0.01) as service:
        found: list[str] = []
        for route in routes(service):
            paths = [filled(route, segment) for segment in SEGMENTS] if route.param_convertors else []
            for path in [*paths, filled(route), filled(route) + "/", "/" + filled(route), filled(route) + "%00"]:
                for host, query in HEADS:
                    headers = [(b"host", host), (b"idempotency-key", b"k"), JSON_TYPE]
                    answer = await send_raw(service.app, method(route), path, headers=headers, query=query)
                    found += faults(answer, method(route), path[:80], host, query)
            for parameter in query_names(route):
                for value in VALUES:
                    text = f"{parameter}=".encode() + value.encode("utf-8", "surrogatepass")
                    for query in (text, text + b"&" + text, text.replace(b"=", b"=%")):
                        answer = await send_raw(service.app, method(route), filled(route), query=query)
                        found += faults(answer, route.path, query)
        assert not found, "\n".join(found)


@pytest.mark.parametrize("name", NAMES)
async def test_a_cursor_of_any_json_is_unknown_to_every_list(name: str, start_service: StartService) -> None:
    async with start_service(name) as service:
        found: list[str] = []
        assert len(lists(service)) >= 1
        for route in lists(service):
            for value in CURSORS:
                answer = await send_raw(service.app, "GET", filled(route), query=f"cursor={as_cursor(value)}".encode())
                found += faults(answer, route.path, value)
                if answer.status not in {200, 404}:
                    found.append(f"{answer.status} to {route.path} {value}")
        assert not found, "\n".join(found)


@pytest.mark.parametrize("name", NAMES)
async def test_no_target_and_no_method_makes_a_service_fail(name: str, start_service: StartService) -> None:
    targets = ["*", "", "/", "//", "nonsense", "//news//v1", "/%00", "/%FF", "/../..", "/docs/assets/%00", "http://a/b"]
    async with start_service(name) as service:
        prefix = service.app.state.service.prefix
        found: list[str] = []
        for target in [*targets, *(prefix + target for target in targets), *(f"{prefix}/v1{each}" for each in targets)]:
            for verb in ("GET", "HEAD", "OPTIONS", "POST", "TRACE", "CONNECT", "PROPFIND", "get", "\xff"):
                answer = await send_raw(service.app, verb, target, headers=[(b"host", b"localhost")])
                found += faults(answer, verb, target)
        assert not found, "\n".join(found)
