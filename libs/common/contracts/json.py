"""JSON as Python has it."""

from typing import Any

from pydantic import JsonValue

JSONObject = dict[str, JsonValue]
# An object whose form a contract fixes and that is read by key: as `JsonValue` every step would need a cast.
JSONDocument = dict[str, Any]
