"""Values of paths: what a path names."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path

from common.errors import NotFound


def _identifier(text: str, kind: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound(f"No {kind} {text[:40]!r}.") from error


async def _article_id(article_id: Annotated[str, Path(json_schema_extra={"format": "uuid"})]) -> UUID:
    """Return the identifier in the path; what is none names no article."""
    return _identifier(article_id, "article")


async def _story_id(story_id: Annotated[str, Path(json_schema_extra={"format": "uuid"})]) -> UUID:
    """Return the identifier in the path; what is none names no story."""
    return _identifier(story_id, "story")


ArticleID = Annotated[UUID, Depends(_article_id)]
StoryID = Annotated[UUID, Depends(_story_id)]
