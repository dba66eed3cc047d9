"""JSON as Python has it."""

from pydantic import JsonValue

JSONObject = dict[str, JsonValue]
