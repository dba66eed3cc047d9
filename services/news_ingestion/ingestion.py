"""Ingests a batch of articles: clean, decide, store, hand on.

Everything that needs no database happens before the lock, the rest within it and in a fixed number of statements.
"""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NotRequired, TypedDict
from uuid import UUID

from pydantic_core import to_json

from common.batches.item_isolation import Isolated
from common.clock import uuid7
from common.contracts import ItemError
from common.offloading import off_loop_if_large
from common.postgres.database import Connection, after_commit
from news_ingestion.articles.draft import MAX_NAME_CHARACTERS, Draft, Item, RejectedItemError, clean_item
from news_ingestion.deduplication.decisions import BatchDecider, Decision, Known, State, Status, set_novelty
from news_ingestion.deduplication.duplicates import COMPARED_BODY_CHARACTERS
from news_ingestion.engine import Engine
from news_ingestion.repository import candidates, ingesting
from news_ingestion.schemas.articles import ArticleResult, ArticleResults

_TALLY_BY_STATUS: dict[Status, str] = {
    "created": "created",
    "duplicate": "duplicates",
    "near_duplicate": "near_duplicates",
    "revised": "revised",
    "rejected": "rejected",
}


# Deciding on a short headline takes 50 µs, as much as reading some 200 characters.
_CHARACTERS_PER_ITEM = 200


class SourceDocument(TypedDict):
    """Who published an article, as NLP gets it."""

    id: NotRequired[str]
    name: str


class ArticleDocument(TypedDict):
    """The fields of the contract `Article`; what has no value is left out."""

    article_id: UUID
    revision: int
    state: State
    story_id: UUID
    title: str
    body: NotRequired[str]
    summary: NotRequired[str]
    url: str
    author: NotRequired[str]
    source: SourceDocument
    language: NotRequired[str]
    tickers: tuple[str, ...]
    published_at: datetime
    received_at: datetime
    novelty: float


def document(known: Known, received_at: datetime, *, with_texts: bool = True) -> ArticleDocument:
    """Return the `Article` that is handed to NLP; streams are told of it without its body and summary.

    Notes
    -----
    What the values have to be was checked when the article came in; building the contract's model would check it again.
    """
    draft = known.draft
    source: SourceDocument = {"name": draft.source_name or draft.domain[:MAX_NAME_CHARACTERS]}
    if draft.source_id is not None:
        source["id"] = draft.source_id
    article: ArticleDocument = {
        "article_id": known.article_id,
        "revision": known.revision,
        "state": known.state,
        "story_id": known.story_id,
        "title": draft.title,
        "url": draft.url,
        "source": source,
        "tickers": draft.tickers,
        "published_at": draft.published_at,
        "received_at": received_at,
        "novelty": known.novelty,
    }
    if draft.author is not None:
        article["author"] = draft.author
    if draft.language is not None:
        article["language"] = draft.language
    if with_texts and draft.body is not None:
        article["body"] = draft.body
    if with_texts and draft.summary is not None:
        article["summary"] = draft.summary
    return article


def _told(known: Known, received_at: datetime, payload: str) -> tuple[str, str]:
    """Return the event about a new or corrected article, of which `payload` is what is handed on."""
    name = "article.created" if known.state == "created" else "article.revised"
    if known.draft.body is None and known.draft.summary is None:
        return name, payload
    return name, to_json(document(known, received_at, with_texts=False)).decode()


async def take_in(
    engine: Engine, items: Sequence[Item | ItemError], *, fetched_from: UUID | None = None
) -> ArticleResults:
    """Take in `items` in a transaction of their own and answer for each; one that fails is `rejected`."""

    async def written(part: Sequence[Item | ItemError]) -> Sequence[ArticleResult]:
        now = engine.runtime.clock.now()
        # Before there is a connection: what is long waits for its turn.
        cleaned = await off_loop_if_large(lambda: [_cleaned(item, now) for item in part], characters=_characters(part))
        async with engine.runtime.database.transaction() as connection:
            return (await ingest(engine, connection, cleaned, fetched_from=fetched_from)).data

    failed: list[ItemError] = []

    def refused(_item: Item | ItemError, error: ItemError) -> ArticleResult:
        failed.append(error)
        return ArticleResult.of(0, error)

    results = await Isolated(engine.runtime, written, refused).answer(items)
    if failed:
        # What is refused is counted too: what came in is the sum of what became of it.
        await written(failed)
    for index, result in enumerate(results):
        result.index = index
    return ArticleResults(data=list(results))


async def ingest(
    engine: Engine,
    connection: Connection,
    cleaned: Sequence[Draft | ItemError],
    *,
    fetched_from: UUID | None = None,
) -> ArticleResults:
    """Take in articles and answer for each, in their order.

    Parameters
    ----------
    cleaned : sequence of Draft, or of ItemError for what could not even be read as one (it is counted as rejected).
    fetched_from : UUID, optional, the source that they were fetched from.
    """
    drafts = [draft for draft in cleaned if isinstance(draft, Draft)]
    decisions: list[Decision] = []
    if drafts:
        with engine.metrics.batch_seconds.time():
            decisions = await _decide_and_store(engine, connection, drafts, fetched_from)
    remaining = iter(decisions)
    results = [
        ArticleResult.of(index, next(remaining) if isinstance(draft, Draft) else draft)
        for index, draft in enumerate(cleaned)
    ]
    counted = Counter(_TALLY_BY_STATUS[result.status] for result in results)
    await ingesting.update_counts(connection, {**counted, "received": len(results)})
    after_commit(connection, lambda: engine.metrics.count_articles(result.status for result in results))
    return ArticleResults(data=results)


def _characters(items: Sequence[Item | ItemError | Draft], most: int | None = None) -> int:
    """Return how much there is to read: the texts, of a body at most the first `most`, and something for each item."""
    read = [item for item in items if not isinstance(item, ItemError)]
    bodies = sum(len((item.body or "")[:most]) for item in read)
    return bodies + sum(len(item.title or "") + len(item.summary or "") + _CHARACTERS_PER_ITEM for item in read)


def _cleaned(item: Item | ItemError, now: datetime) -> Draft | ItemError:
    if isinstance(item, ItemError):
        return item
    try:
        draft = clean_item(item, received_at=now)
    except RejectedItemError as error:
        return ItemError(code=error.code, detail=error.detail)
    _ = draft.headline  # worked out here, where no other batch waits for it
    return draft


async def _decide_and_store(
    engine: Engine, connection: Connection, drafts: Sequence[Draft], fetched_from: UUID | None
) -> list[Decision]:
    window_hours = engine.settings.duplicate_window_hours
    await ingesting.claim_decisions(connection)
    # After the wait: the times of the versions of one article follow each other as the versions do.
    now = engine.runtime.clock.now()
    stored = await candidates.list_candidates(connection, drafts, window_hours)
    decider = BatchDecider(stored, uuid7, window_hours * 3600.0)
    decisions = await off_loop_if_large(
        lambda: [decider.decide(draft) for draft in drafts], characters=_characters(drafts, COMPARED_BODY_CHARACTERS)
    )
    await ingesting.insert_addresses(connection, decider.addresses, now)
    changed = list(decider.known.values())
    if not changed:
        return decisions
    new = [known for known in changed if known.is_new]
    begun = {known.story_id for known in new if known.is_new_story}
    joined = [(known.story_id, known.draft.published_at) for known in new if known.story_id not in begun]
    times = await ingesting.list_story_times(connection, joined)
    set_novelty(new, times)
    await ingesting.insert_articles(connection, changed, now, fetched_from)
    stretched = await ingesting.insert_stories(connection, changed, now)
    await _hand_on(engine, connection, changed, stretched, now)
    return decisions


async def _hand_on(
    engine: Engine, connection: Connection, changed: Sequence[Known], stretched: Sequence[UUID], now: datetime
) -> None:
    """Queue what is new or corrected for NLP, and tell the streams; near-duplicates go no further."""
    own = [known for known in changed if known.duplicate_of is None]
    payloads = [to_json(document(known, now)).decode() for known in own]
    await engine.runtime.handover().put(connection, payloads)
    events = [_told(known, now, payload) for known, payload in zip(own, payloads, strict=True)]
    events += [("story.updated", json.dumps({"story_id": str(story_id)})) for story_id in stretched]
    await engine.runtime.events.publish(connection, events)
