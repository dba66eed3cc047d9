"""Values that a JSON schema of an OpenAPI document allows, drawn from one generator."""

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

JSON = dict[str, Any]

_WORDS = ("Apple beats estimates", "AAPL", "wire", "positive", "earnings", "a", "GSPC", "Boeing recalls engines")
_URLS = ("https://wire.example/a", "https://news.example/2015/b?x=1", "http://127.0.0.1:9/hook")
_MOMENTS = ("2015-01-27T21:30:00Z", "2016-06-01T00:00:00+02:00", "2012-02-29T12:00:00Z")
_MAX_DEPTH = 6


class Sampler:
    """Draws values by the schemas of one document; `known` are values seen in answers, by the name of their field."""

    def __init__(self, document: JSON, rng: random.Random, known: dict[str, list[str]]) -> None:
        self._document = document
        self._rng = rng
        self._known = known

    def value(self, schema: JSON, name: str = "", depth: int = 0) -> Any:
        """Return a value that fits `schema`, as far as it can be told."""
        rng, schema = self._rng, self._resolved(schema)
        if "const" in schema or "enum" in schema:
            return rng.choice(schema.get("enum") or [schema["const"]])
        if schema.get("examples") and rng.random() < 0.3:
            return rng.choice(schema["examples"])
        alternatives = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
        if alternatives:
            return self.value(rng.choice(alternatives), name, depth + 1)
        return self._of_type(schema, name, depth)

    def _of_type(self, schema: JSON, name: str, depth: int) -> Any:
        drawn: dict[str, Callable[[], Any]] = {
            "object": lambda: self._object(schema, depth),
            "array": lambda: self._array(schema, name, depth),
            "integer": lambda: self._integer(schema),
            "number": lambda: self._number(schema),
            "boolean": lambda: self._rng.random() < 0.5,
            "null": lambda: None,
        }
        return drawn.get(schema.get("type", "string"), lambda: self._text(schema, name))()

    def _resolved(self, schema: JSON) -> JSON:
        while "$ref" in schema:
            found: Any = self._document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema

    def _object(self, schema: JSON, depth: int) -> JSON:
        required = set(schema.get("required", ()))
        chosen = {
            name: self.value(property_, name, depth + 1)
            for name, property_ in schema.get("properties", {}).items()
            if name in required or (depth < _MAX_DEPTH and self._rng.random() < 0.5)
        }
        more = schema.get("additionalProperties")
        if isinstance(more, dict) and self._rng.random() < 0.3 and depth < _MAX_DEPTH:
            chosen[self._rng.choice(_WORDS)] = self.value(more, "", depth + 1)
        return chosen

    def _array(self, schema: JSON, name: str, depth: int) -> list[Any]:
        least = int(schema.get("minItems", 0))
        most = min(int(schema.get("maxItems", 3)), max(least, 0 if depth >= _MAX_DEPTH else 3))
        return [
            self.value(schema.get("items", {}), name, depth + 1)
            for _ in range(self._rng.randint(least, max(least, most)))
        ]

    def _integer(self, schema: JSON) -> int:
        low = int(schema.get("minimum", schema.get("exclusiveMinimum", 0)))
        high = int(schema.get("maximum", schema.get("exclusiveMaximum", low + 1_000)))
        return self._rng.choice((low, high, self._rng.randint(low, max(low, high))))

    def _number(self, schema: JSON) -> float:
        low, high = float(schema.get("minimum", 0.0)), float(schema.get("maximum", 1_000.0))
        return self._rng.choice((low, high, self._rng.uniform(low, high)))

    def _text(self, schema: JSON, name: str) -> str:
        rng, known = self._rng, self._known.get(name)
        if known and rng.random() < 0.7:
            return rng.choice(known)
        match schema.get("format"):
            case "uuid":
                return str(UUID(int=rng.getrandbits(128)))
            case "date-time":
                return rng.choice(_MOMENTS)
            case "date":
                return rng.choice(_MOMENTS)[:10]
        if "url" in name:
            return rng.choice(_URLS)
        text = rng.choice(_WORDS)
        return text.ljust(int(schema.get("minLength", 0)), "x")[: int(schema.get("maxLength", 500))]
