"""Analyses of articles from the pipeline, and of texts that are not stored."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Header, Path, Query

from common.api.dependencies import AsOf, ReadConnectionDep
from common.api.etags import ConditionalDep, etag_of
from common.api.pagination import PageDep
from common.api.routing import service_router
from common.batches.item_isolation import answer_computed_handover
from common.contracts import Analysis, BatchResult, SentimentLabel
from common.contracts.text import Ticker
from common.errors import NotFound, problems
from common.gateway import LOAD_TEST_HEADER, NLP
from common.postgres.paging import Page
from nlp import repository
from nlp.analysis import analyse
from nlp.dependencies import EngineDep
from nlp.posted_texts import analyse_posted
from nlp.repository import AnalysisFilter
from nlp.schemas import ArticleBatch, TextAnalyses, TextBatch

ArticleID = Annotated[UUID, Path(description="Identifier of the article.")]
router = service_router(
    NLP, "analyses", "Results of the models on articles from the pipeline, and on texts that are not stored."
)


@router.post("/analyses", response_model_exclude_none=True)
async def create_analyses(batch: ArticleBatch, engine: EngineDep) -> BatchResult:
    """Analyse 1 to 500 articles, store the result of each and hand it on to market impact.

    The response says for each article, in the order given, whether its analysis was `stored`, was already stored
    (`unchanged`), is older than what is stored (`superseded`), or does not fit the contract (`rejected`). Sending a
    batch again changes nothing. A retracted article gives an analysis without entities.
    """
    return await answer_computed_handover(engine.runtime, batch.articles, partial(analyse, engine))


@router.post("/texts:analyze")
async def analyze_texts(
    batch: TextBatch,
    engine: EngineDep,
    counterfactual: Annotated[bool, Query(description="Also return the score without each span of evidence.")] = False,
    is_load_test: Annotated[
        bool,
        Header(
            alias=LOAD_TEST_HEADER, description="Leave these texts out of the metrics by which a release is judged."
        ),
    ] = False,
) -> TextAnalyses:
    """Analyse 1 to 500 texts without storing them, in the order given.

    With `entity`, the `sentiment` of a text is the one toward that name. A text that is not in English is
    not scored: it is answered `abstained`, with the reason. So is a text on which the analysis fails. With
    `counterfactual`, each text is scored again without each of its spans of evidence, at most five.
    """
    return await analyse_posted(engine, batch, counterfactual=counterfactual, is_load_test=is_load_test)


@router.get("/analyses", responses=problems(404))
async def list_analyses(
    connection: ReadConnectionDep,
    page: PageDep,
    ticker: Annotated[Ticker | None, Query(description="Only analyses linked to this security.")] = None,
    topic: Annotated[str | None, Query(max_length=100, description="Only analyses with this topic.")] = None,
    event_type: Annotated[
        str | None, Query(max_length=100, description="Only analyses with an event of this type.")
    ] = None,
    label: Annotated[SentimentLabel | None, Query(description="Only analyses with this sentiment label.")] = None,
    min_relevance: Annotated[
        float | None,
        Query(ge=0, le=1, description="Minimum relevance of the given `ticker`, or of any entity when none is given."),
    ] = None,
    model_version: Annotated[
        str | None, Query(max_length=100, description="Only analyses made with this model version.")
    ] = None,
    as_of: AsOf = None,
) -> Page[Analysis]:
    """List analyses, the newest news first."""
    wanted = AnalysisFilter(ticker, topic, event_type, label, min_relevance, model_version, as_of)
    rows = await repository.list_analyses(connection, page, wanted)
    return page.answer(
        rows,
        key=lambda row: (row.published_at, row.analysis_id),
        read=lambda row: Analysis.model_validate_json(row.document),
    )


@router.get("/analyses/{article_id}", responses=problems(404))
async def read_analysis(
    article_id: ArticleID, connection: ReadConnectionDep, conditional: ConditionalDep, as_of: AsOf = None
) -> Analysis:
    """Return the analysis of an article: its newest revision, or the one that was current at `as_of`."""
    document = NotFound.unless(
        await repository.find_analysis(connection, article_id, as_of), "analysis of an article", article_id
    )
    analysis = Analysis.model_validate_json(document)
    conditional.answer(etag_of(analysis.analysis_id, analysis.revision))
    return analysis
