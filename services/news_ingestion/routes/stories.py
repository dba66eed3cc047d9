"""Stories: all articles on one event."""

from typing import Annotated

from fastapi import Query

from common.api.dependencies import ReadConnectionDep
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.contracts.timestamps import Moment
from common.errors import NotFound, problems
from common.gateway import NEWS_INGESTION
from common.postgres.paging import Page
from news_ingestion.dependencies import StoryID
from news_ingestion.repository import reading
from news_ingestion.schemas.articles import Headline, StoryDetail, StoryRead

router = service_router(NEWS_INGESTION, "stories", "Articles that report the same event.")
_MAX_HEADLINES = 500


@router.get("/stories", summary="List stories", responses=problems(404))
async def list_stories(
    connection: ReadConnectionDep,
    page: PageDep,
    published_from: Annotated[
        Moment | None, Query(description="Only stories with an article published at or after this time.")
    ] = None,
    published_to: Annotated[
        Moment | None, Query(description="Only stories with an article published at or before this time.")
    ] = None,
) -> Page[StoryRead]:
    """Return stories, those with the newest article first."""
    rows = await reading.list_stories(connection, page, published_from, published_to)
    return page.answer(rows, key=lambda row: (row.last_published_at, row.story_id), read=StoryRead.from_row)


@router.get("/stories/{story_id}", summary="Read a story", responses=problems(404))
async def read_story(story_id: StoryID, connection: ReadConnectionDep) -> StoryDetail:
    """Return a story with its headlines in the order of publication, corrected and retracted ones included."""
    row = NotFound.unless(await reading.find_story(connection, story_id), "story", story_id)
    told = await reading.list_headlines(connection, story_id, _MAX_HEADLINES)
    return StoryDetail(**StoryRead.from_row(row).model_dump(), headlines=[Headline.from_row(one) for one in told])
