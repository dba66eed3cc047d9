"""Values of paths and query strings: what a path names, and moments as people write them."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime, BeforeValidator

from common.errors import NotFound

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _dated(value: object) -> object:
    """Refuse numbers, which would be read as seconds since 1970."""
    if isinstance(value, str) and not _DATE.match(value):
        raise ValueError("a moment is written as RFC 3339, for example 2026-03-02T12:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_dated)]
AsOf = Annotated[
    Moment | None,
    Query(description="Answer as it could have been read at this moment (RFC 3339); now when absent."),
]


def _identifier(text: str, kind: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"No {kind} {text[:40]!r}.") from error


def _article_id(article_id: Annotated[str, Path(json_schema_extra={"format": "uuid"})]) -> UUID:
    """Return the identifier in the path; what is none names no article."""
    return _identifier(article_id, "article")


def _story_id(story_id: Annotated[str, Path(json_schema_extra={"format": "uuid"})]) -> UUID:
    """Return the identifier in the path; what is none names no story."""
    return _identifier(story_id, "story")


ArticleID = Annotated[UUID, Depends(_article_id)]
StoryID = Annotated[UUID, Depends(_story_id)]
