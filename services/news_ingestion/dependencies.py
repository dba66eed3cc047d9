"""Typed dependencies of this service's routes: the engine, and resources named by a path."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from common.api.dependencies import engine_of
from common.errors import NotFound
from news_ingestion.engine import Engine


async def get_engine(request: Request) -> Engine:
    """Return the engine of the app that serves this request."""
    return engine_of(request, Engine)


# Other routes answer 422 to an identifier that is no UUID. These two have answered 404 since the first version, and
# callers may rely on it.
def _identifier(text: str, kind: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound.of(kind, text) from error


async def _article_id(
    article_id: Annotated[str, Path(description="Identifier of the article.", json_schema_extra={"format": "uuid"})],
) -> UUID:
    """Return the identifier in the path; what is none names no article."""
    return _identifier(article_id, "article")


async def _story_id(
    story_id: Annotated[str, Path(description="Identifier of the story.", json_schema_extra={"format": "uuid"})],
) -> UUID:
    """Return the identifier in the path; what is none names no story."""
    return _identifier(story_id, "story")


EngineDep = Annotated[Engine, Depends(get_engine)]
ArticleID = Annotated[UUID, Depends(_article_id)]
StoryID = Annotated[UUID, Depends(_story_id)]
