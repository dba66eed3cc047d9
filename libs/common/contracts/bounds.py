"""Bounds on the work and the response that an invalid body can cause: lists stop at the first error, maps are short.

Without them 5 MB of wrong items are two million errors: a gigabyte of memory, and an answer of hundreds of megabytes.
"""

from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field

ItemT = TypeVar("ItemT")

MAX_REPORTED_ERRORS = 50
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
