"""Bounds on the work and the response that an invalid body can cause.

Lists stop at the first error, maps are short, and so are the unknown fields that are told one by one.

Without them 5 MB of wrong items are two million errors: a gigabyte of memory, and an answer of hundreds of megabytes.
"""

from itertools import islice
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

ItemT = TypeVar("ItemT")

MAX_REPORTED_ERRORS = 50
# Unknown fields of one object that are told one by one; with more of them, a few are named in one error.
_MAX_UNKNOWN_FIELDS = 20
_NAMED_FIELDS = 5
_NAMED_CHARACTERS = 50
# What is found in one text, of one kind; its first 20,000 characters are read.
_MAX_FOUND = 1_000

# A list of which only the first wrong item is reported.
Listed = Annotated[list[ItemT], Field(fail_fast=True)]
Found = Annotated[list[ItemT], Field(fail_fast=True, max_length=_MAX_FOUND)]


def entries_up_to(limit: int) -> BeforeValidator:
    """Return the check that a map has at most `limit` entries; `max_length` looks at all of them first."""

    def check(value: object) -> object:
        if isinstance(value, dict) and len(value) > limit:
            raise ValueError(f"a map of at most {limit} entries")
        return value

    return BeforeValidator(check)


class ClosedModel(BaseModel):
    """What takes no other fields than its own: whoever misspells one is told."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few_unknown_fields(cls, value: object) -> object:
        """Refuse an object of very many fields as a whole; pydantic makes an error of each that it does not know."""
        if not isinstance(value, dict) or len(value) <= len(cls.model_fields) + _MAX_UNKNOWN_FIELDS:
            return value
        known = {field.alias or name for name, field in cls.model_fields.items()}
        unknown = list(islice((str(name) for name in value if name not in known), _NAMED_FIELDS))
        named = ", ".join(repr(name[:_NAMED_CHARACTERS]) for name in unknown)
        raise PydanticCustomError(
            "extra_forbidden",
            "Extra inputs are not permitted: {named} and others, {n_fields} fields in all",
            {"named": named, "n_fields": len(value)},
        )
