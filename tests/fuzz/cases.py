"""Requests made from the OpenAPI documents of the services: right ones, and right ones with something wrong in them."""

import gzip
import json
import random
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from tests.fuzz.hostile import broken_body, hostile_cursor, hostile_text, hostile_value
from tests.fuzz.sampling import JSON, Sampler
from tests.fuzz.wire import Case

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "FOO")
_TYPES = (
    "text/plain",
    "application/xml",
    "application/json; charset=utf-16",
    "multipart/form-data",
    "text/csv",
    "",
    "a/b/c",
)
_HEADERS = (
    "Authorization",
    "X-API-Key",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "X-Request-ID",
    "traceparent",
    "Accept",
    "Accept-Encoding",
    "Range",
    "Origin",
    "Cookie",
    "X-Forwarded-For",
    "Host",
)
_HEADER_VALUES = (
    "",
    "*",
    '"',
    '"a", "b"',
    'W/"x"',
    "Bearer ",
    "Bearer a.b.c",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "Basic Og==",
    "mia_x_y",
    "99999999999999999999999999",
    "-1",
    "00-00000000000000000000000000000000-0000000000000000-00",
    "00-zz-zz-zz",
    "é" * 20,
    "bytes=0-,-1,5-2",
    "identity;q=nan",
    "xn--a",
    "127.0.0.1:99999",
)


class CaseMaker:
    """Makes requests for the services whose documents it is given; it learns identifiers from answers."""

    def __init__(self, documents: Mapping[str, JSON], rng: random.Random) -> None:
        self._rng = rng
        self._known: dict[str, list[str]] = {}
        self._operations: list[tuple[str, str, str, JSON]] = []
        self._samplers: dict[str, Sampler] = {}
        for prefix, document in documents.items():
            self._samplers[prefix] = Sampler(document, rng, self._known)
            for path, methods in document["paths"].items():
                for method, operation in methods.items():
                    self._operations.append((prefix, method.upper(), path, operation))

    def learn(self, body: bytes) -> None:
        """Keep the identifiers of an answer, so that later requests name things that exist."""
        try:
            self._learn(json.loads(body))
        except (ValueError, RecursionError):
            return

    def make(self) -> Case:
        """Return the next request."""
        rng = self._rng
        prefix, method, path, operation = rng.choice(self._operations)
        sampler = self._samplers[prefix]
        parameters = operation.get("parameters", ())
        query = [
            (one["name"], sampler.value(one["schema"], one["name"]))
            for one in parameters
            if one["in"] == "query" and (one.get("required") or rng.random() < 0.3)
        ]
        headers = {one["name"]: "a" for one in parameters if one["in"] == "header" and rng.random() < 0.1}
        segments = {
            one["name"]: str(sampler.value(one["schema"], one["name"])) for one in parameters if one["in"] == "path"
        }
        body, media_type = self._body(sampler, operation)
        if media_type:
            headers["Content-Type"] = media_type
        case = _assembled(method, path, segments, query, headers, body, f"{method} {path}")
        if rng.random() < 0.15:
            return case
        return self._mutated(case, path, segments, query, headers, body)

    def _body(self, sampler: Sampler, operation: JSON) -> tuple[bytes, str]:
        content = operation.get("requestBody", {}).get("content", {})
        if not content:
            return b"", ""
        media_type = self._rng.choice(sorted(content))
        value = sampler.value(content[media_type].get("schema", {}))
        if "json" not in media_type:
            return str(value).encode(), media_type
        if self._rng.random() < 0.5:
            value = _replaced(value, self._rng)
        return _encoded(value), media_type

    def _mutated(
        self,
        case: Case,
        path: str,
        segments: dict[str, str],
        query: list[tuple[str, Any]],
        headers: dict[str, str],
        body: bytes,
    ) -> Case:
        """Return the request with one thing wrong, now and then with two."""
        rng, method = self._rng, case.method
        changes: tuple[Callable[[], None], ...] = (
            lambda: segments.update({name: hostile_text(rng) for name in segments}),
            lambda: query.append((rng.choice(query)[0] if query else "limit", hostile_text(rng))),
            lambda: query.append(("cursor", hostile_cursor(rng))),
            lambda: query.append(("as_of", hostile_text(rng))),
            lambda: query.append((hostile_text(rng)[:500], "1")),
            lambda: headers.update({rng.choice(_HEADERS): rng.choice(_HEADER_VALUES)}),
            lambda: headers.update({rng.choice(_HEADERS): "x" * rng.choice((300, 5_000, 20_000))}),
            lambda: headers.update({"Content-Type": rng.choice(_TYPES)}),
            lambda: headers.update({"Content-Encoding": rng.choice(("gzip", "br", "gzip, gzip", "identity", "x"))}),
        )
        for _ in range(rng.choice((1, 1, 1, 2))):
            rng.choice(changes)()
        if body and rng.random() < 0.4:
            body = broken_body(rng, body)
        if headers.get("Content-Encoding") == "gzip" and rng.random() < 0.5:
            body = gzip.compress(body + b" " * 1_000_000)
        if rng.random() < 0.05:
            method = rng.choice(_METHODS)
        if rng.random() < 0.03:
            path = rng.choice(
                ("*", "//", "/news/../alerts/v1/rules", "/news/v1/%2e%2e/", "/" + "a/" * 2_000, path + "/")
            )
        return _assembled(method, path, segments, query, headers, body, case.operation)

    def _learn(self, value: Any) -> None:
        if isinstance(value, list):
            for each in value[:5]:
                self._learn(each)
        elif isinstance(value, dict):
            for name, each in value.items():
                if isinstance(each, str) and (name.endswith("_id") or name == "ticker"):
                    kept = self._known.setdefault(name, [])
                    kept.append(each)
                    del kept[:-50]
                else:
                    self._learn(each)


def _assembled(
    method: str,
    path: str,
    segments: Mapping[str, str],
    query: list[tuple[str, Any]],
    headers: Mapping[str, str],
    body: bytes,
    operation: str,
) -> Case:
    for name, value in segments.items():
        path = path.replace(f"{{{name}}}", quote(value[:3_000].encode("utf-8", "surrogatepass"), safe=""))
    pairs = [(_bytes(name)[:3_000], _bytes(value)[:3_000]) for name, value in query]
    clean = tuple((name, value.replace("\r", "").replace("\n", "")) for name, value in headers.items())
    return Case(method, path + (f"?{urlencode(pairs)}" if pairs else ""), clean, body, operation)


def _bytes(value: Any) -> bytes:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "surrogatepass")


def _encoded(value: Any) -> bytes:
    # Escaped, so that a lone surrogate is valid JSON all the same.
    return json.dumps(value).encode()


def _replaced(value: Any, rng: random.Random) -> Any:
    """Return `value` with one of its parts replaced, left out, or joined by one that nobody knows."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        name = rng.choice(sorted(value))
        change = rng.randrange(10)
        if change == 0:
            return {key: each for key, each in value.items() if key != name}
        if change == 1:
            return {**value, "unknown_field": 1}
        return {**value, name: _replaced(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = rng.randrange(len(value))
        return [*value[:place], _replaced(value[place], rng), *value[place + 1 :]]
    return hostile_value(rng)
