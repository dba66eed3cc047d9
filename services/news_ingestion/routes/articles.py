"""Articles: post, read, compare, retract."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from common.api.dependencies import AsOf, ConnectionDep, ReadConnectionDep
from common.api.etags import ConditionalDep, etag_of
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.contracts.text import Language, Ticker
from common.contracts.timestamps import Moment
from common.errors import NotFound, problems
from common.gateway import NEWS_INGESTION
from common.postgres.paging import Page
from news_ingestion.articles.canonical_url import is_same_address
from news_ingestion.deduplication.duplicates import compare_posted
from news_ingestion.dependencies import ArticleID, EngineDep
from news_ingestion.ingestion import take_in
from news_ingestion.repository import reading
from news_ingestion.repository.reading import ArticleFilter
from news_ingestion.retraction import retract_article
from news_ingestion.schemas.articles import (
    ArticleBatch,
    ArticleRead,
    ArticleResults,
    Comparison,
    ComparisonRequest,
)

router = service_router(
    NEWS_INGESTION, "articles", "Articles with their revisions, and the decision on each: new, duplicate or correction."
)


async def article_filter(
    as_of: AsOf = None,
    q: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description='Full-text search: words, "a phrase", -excluded, or.'),
    ] = None,
    source_id: Annotated[
        str | None,
        Query(
            min_length=1, max_length=200, description="The provider's source id, or the id of a source in `/sources`."
        ),
    ] = None,
    domain: Annotated[
        str | None, Query(min_length=1, max_length=255, description="Host of the article's address, without `www.`.")
    ] = None,
    ticker: Annotated[Ticker | None, Query(description="Ticker that the article is tagged with.")] = None,
    language: Annotated[Language | None, Query(description="ISO 639 code.")] = None,
    story_id: Annotated[UUID | None, Query(description="Only articles of this story.")] = None,
    published_from: Annotated[
        Moment | None, Query(description="Only articles published at or after this time.")
    ] = None,
    published_to: Annotated[Moment | None, Query(description="Only articles published at or before this time.")] = None,
) -> ArticleFilter:
    """Return what the query string narrows the list to."""
    return ArticleFilter(q, source_id, domain, ticker, language, story_id, published_from, published_to, as_of)


@router.post("/articles", summary="Ingest articles")
async def post_articles(batch: ArticleBatch, engine: EngineDep) -> ArticleResults:
    """Ingest 1 to 500 articles; each is answered separately, in the order of the request.

    Posting an unchanged article again changes nothing. A new title, body or summary at a known address is a
    correction; a summary that is left out stays. An earlier version of the article is a late repetition: it is
    answered `duplicate`, with the code `older_version` in `error`, or `article_retracted` after a retraction. A
    syndicated copy is stored in its story and not handed on. An article posted once per ticker is stored once
    with all of its tickers, and a correction at any of its addresses corrects it.
    """
    return await take_in(engine, batch.items())


@router.get("/articles", summary="List articles", responses=problems(404))
async def list_articles(
    connection: ReadConnectionDep, page: PageDep, wanted: Annotated[ArticleFilter, Depends(article_filter)]
) -> Page[ArticleRead]:
    """Return articles by time of publication, newest first; retracted ones are left out."""
    rows = await reading.list_articles(connection, page, wanted)
    return page.answer(rows, key=lambda row: (row.published_at, row.article_id), read=ArticleRead.from_row)


@router.post("/articles:compare", summary="Compare two articles")
async def compare_articles(request: ComparisonRequest) -> Comparison:
    """Return whether two articles are the same, and the rule that decided; nothing is stored."""
    a, b = request.a, request.b
    same_url = a.url is not None and b.url is not None and is_same_address(a.url, b.url)
    return Comparison.of(compare_posted(a.title, b.title, a.body, b.body, same_url=same_url))


@router.get("/articles/{article_id}", summary="Read an article", responses=problems(404))
async def read_article(
    article_id: ArticleID, connection: ReadConnectionDep, conditional: ConditionalDep, as_of: AsOf = None
) -> ArticleRead:
    """Return an article as it is now, or as it was at `as_of`; a retracted one is a 404."""
    row = await reading.find_article(connection, article_id, as_of)
    if row is None or row.state == "retracted":
        raise NotFound.of("article", article_id, code="article_retracted" if row is not None else None)
    conditional.answer(etag_of(row.article_id, row.revision))
    return ArticleRead.from_row(row)


@router.get("/articles/{article_id}/revisions", summary="List an article's versions", responses=problems(404))
async def list_revisions(article_id: ArticleID, connection: ReadConnectionDep, page: PageDep) -> Page[ArticleRead]:
    """Return every version of an article, newest first, a retraction included."""
    rows = await reading.list_revisions(connection, article_id, page)
    if not rows and page.cursor is None:
        raise NotFound.of("article", article_id)
    return page.answer(rows, key=lambda row: (row.revision,), read=ArticleRead.from_row)


@router.delete("/articles/{article_id}", status_code=204, summary="Retract an article", responses=problems(404, 412))
async def delete_article(
    article_id: ArticleID, connection: ConnectionDep, engine: EngineDep, conditional: ConditionalDep
) -> None:
    """Retract an article. Downstream results are withdrawn; its versions stay readable with `as_of`."""
    await retract_article(engine, connection, article_id, conditional)
