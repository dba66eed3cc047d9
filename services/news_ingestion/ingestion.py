"""Ingests a batch of articles: clean, decide, store, hand on.

Everything that needs no database happens before the lock, the rest within it and in a fixed number of statements.
"""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from pydantic_core import to_json

from common.api.offloading import off_loop_if_large
from common.batches.item_isolation import Isolated
from common.clock import uuid7
from common.contracts import ItemError
from common.postgres.database import Connection, after_commit
from news_ingestion.articles.draft import Draft, Item, RejectedItemError, clean_item
from news_ingestion.deduplication.decisions import BatchDecider, Decision, Known, Status, set_novelty
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


def document(known: Known, received_at: datetime) -> dict[str, object]:
    """Return the fields of the `Article` that is handed to NLP, those without a value left out.

    Notes
    -----
    What the values have to be was checked when the article came in; building the contract's model would check it again.
    """
    draft = known.draft
    source = {"id": draft.source_id, "name": draft.source_name or draft.domain}
    fields = {
        "article_id": known.article_id,
        "revision": known.revision,
        "state": known.state,
        "story_id": known.story_id,
        "title": draft.title,
        "body": draft.body,
        "summary": draft.summary,
        "url": draft.url,
        "author": draft.author,
        "source": {name: value for name, value in source.items() if value is not None},
        "language": draft.language,
        "tickers": draft.tickers,
        "published_at": draft.published_at,
        "received_at": received_at,
        "novelty": known.novelty,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _told(known: Known, handed_on: dict[str, object], payload: str) -> tuple[str, str]:
    """Return the event that tells streams about a new or corrected article: its texts are left out."""
    name = "article.created" if known.state == "created" else "article.revised"
    if "body" not in handed_on and "summary" not in handed_on:
        return name, payload
    return name, _json({key: value for key, value in handed_on.items() if key not in {"body", "summary"}})


def _json(fields: dict[str, object]) -> str:
    return to_json(fields).decode()


async def take_in(
    engine: Engine, items: Sequence[Item | ItemError], *, fetched_from: UUID | None = None
) -> ArticleResults:
    """Take in `items` in a transaction of their own and answer for each; one that fails is `rejected`."""

    async def written(part: Sequence[Item | ItemError]) -> Sequence[ArticleResult]:
        async with engine.runtime.database.transaction() as connection:
            return (await ingest(engine, connection, part, fetched_from=fetched_from)).data

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
    items: Sequence[Item | ItemError],
    *,
    fetched_from: UUID | None = None,
) -> ArticleResults:
    """Take in `items` and answer for each, in their order.

    Parameters
    ----------
    items : sequence of Item, or of ItemError for what could not even be read as one (it is counted as rejected).
    fetched_from : UUID, optional, the source that they were fetched from.
    """
    now = engine.runtime.clock.now()
    cleaned = await off_loop_if_large(lambda: [_cleaned(item, now) for item in items], characters=_characters(items))
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
    times = await ingesting.find_story_times(connection, joined)
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
    documents = [document(known, now) for known in own]
    payloads = [_json(fields) for fields in documents]
    await engine.runtime.handover().put(connection, payloads)
    events = [_told(*told) for told in zip(own, documents, payloads, strict=True)]
    events += [("story.updated", json.dumps({"story_id": str(story_id)})) for story_id in stretched]
    await engine.runtime.events.publish(connection, events)


def fingerprint_horizon(now: datetime, retention_days: float) -> UUID:
    """Return the smallest UUIDv7 of the moment before which texts are forgotten."""
    milliseconds = int((now - timedelta(days=retention_days)).timestamp() * 1000)
    return UUID(int=milliseconds << 80)


async def forget_old_texts(engine: Engine) -> int:
    """Delete the fingerprints of articles received longer ago than the retention; return how many."""
    horizon = fingerprint_horizon(engine.runtime.clock.now(), engine.settings.fingerprint_retention_days)
    async with engine.runtime.database.transaction() as connection:
        return await ingesting.delete_fingerprints(connection, horizon)
