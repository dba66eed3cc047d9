"""What taking in a batch reads and writes: a fixed number of statements, however many articles it has."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Interval, Row, Select, Uuid, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert

from common.bulk import insert_rows
from common.database import Connection
from news_ingestion.decisions import MAX_CANDIDATES, Known
from news_ingestion.draft import Draft
from news_ingestion.models import ARTICLE, FINGERPRINT, STORY, TALLY

STATUSES = ("created", "duplicates", "near_duplicates", "revised", "rejected")
# Beyond this many articles under one hash within the window, only the nearest in time are candidates.
_MAX_PER_HASH = 32
# Any constant of its own will do; transactions that take the same one wait for each other.
_DECISION_LOCK = 0x6E657773
_MOMENT = DateTime(timezone=True)
_CURRENT = ARTICLE.c.superseded_at.is_(None)
_DRAFT_COLUMNS = (
    ARTICLE.c.article_id, ARTICLE.c.story_id, ARTICLE.c.revision, ARTICLE.c.state, ARTICLE.c.duplicate_of,
    ARTICLE.c.novelty, ARTICLE.c.title, ARTICLE.c.url, ARTICLE.c.canonical_url, ARTICLE.c.published_at, ARTICLE.c.body,
    ARTICLE.c.summary, ARTICLE.c.author, ARTICLE.c.source_id, ARTICLE.c.source_name, ARTICLE.c.language,
    ARTICLE.c.tickers,
)  # fmt: skip

_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_ANY_VERSION = ARTICLE.alias("any_version")
# Every version of the articles at these addresses: the current one is found by its index, the older ones by their key.
_AT_ADDRESS: Select[Any] = (
    select(*(_ANY_VERSION.c[column.name] for column in _DRAFT_COLUMNS), _ANY_VERSION.c.content_hash)
    .join(ARTICLE, ARTICLE.c.article_id == _ANY_VERSION.c.article_id)
    .where(ARTICLE.c.url_key == bindparam("url_keys", type_=ARRAY(Uuid)).any_(), _CURRENT)
    .order_by(_ANY_VERSION.c.article_id, _ANY_VERSION.c.revision)
)
_NEAR = text(
    f"""
    WITH hit AS (
        SELECT probe.number, found.article_id, count(*) AS n_shared
        FROM unnest(:numbers, :hashes, :moments) AS probe (number, hash, moment)
        CROSS JOIN LATERAL (
            SELECT article_id FROM fingerprint
            WHERE fingerprint.hash = probe.hash
              AND fingerprint.published_at BETWEEN probe.moment - :reach AND probe.moment + :reach
            ORDER BY fingerprint.published_at DESC
            LIMIT {_MAX_PER_HASH}
        ) AS found
        GROUP BY probe.number, found.article_id
    ), ranked AS (
        SELECT article_id, row_number() OVER (PARTITION BY number ORDER BY n_shared DESC, article_id) AS place FROM hit
    )
    SELECT DISTINCT article_id FROM ranked WHERE place <= {MAX_CANDIDATES}
    """  # noqa: S608 - both are numbers of this module
).bindparams(
    bindparam("numbers", type_=ARRAY(BigInteger)),
    bindparam("hashes", type_=ARRAY(BigInteger)),
    bindparam("moments", type_=ARRAY(_MOMENT)),
    bindparam("reach", type_=Interval),
)
_BY_ID: Select[Any] = select(*_DRAFT_COLUMNS, ARTICLE.c.content_hash).where(
    ARTICLE.c.article_id == bindparam("article_ids", type_=ARRAY(Uuid)).any_(),
    _CURRENT,
    ARTICLE.c.state != "retracted",
)
_STORY_TIMES = select(ARTICLE.c.story_id, ARTICLE.c.published_at).where(
    ARTICLE.c.story_id == bindparam("story_ids", type_=ARRAY(Uuid)).any_(),
    ARTICLE.c.published_at.between(bindparam("since", type_=_MOMENT), bindparam("until", type_=_MOMENT)),
    _CURRENT,
)
_TOUCH_STORIES = text(
    """
    UPDATE story
    SET first_published_at = least(first_published_at, given.first),
        last_published_at = greatest(last_published_at, given.last),
        updated_at = :now
    FROM unnest(:story_ids, :firsts, :lasts) AS given (story_id, first, last)
    WHERE story.story_id = given.story_id
    """
).bindparams(
    bindparam("story_ids", type_=ARRAY(Uuid)),
    bindparam("firsts", type_=ARRAY(_MOMENT)),
    bindparam("lasts", type_=ARRAY(_MOMENT)),
    bindparam("now", type_=_MOMENT),
)


async def lock_decisions(connection: Connection) -> None:
    """Wait until no other transaction decides on articles; the lock ends with the transaction.

    Notes
    -----
    What two batches write is unknown to each other until they commit: without the lock two copies of one article
    posted at the same moment would both be new, on one replica as on two.
    """
    await connection.execute(_LOCK, {"key": _DECISION_LOCK})


def _draft(row: Row[Any]) -> Draft:
    return Draft(
        title=row.title,
        url=row.url,
        canonical_url=row.canonical_url,
        published_at=row.published_at,
        body=row.body,
        summary=row.summary,
        author=row.author,
        source_id=row.source_id,
        source_name=row.source_name,
        language=row.language,
        tickers=tuple(row.tickers),
    )


def _known(row: Row[Any], content_hashes: set[UUID]) -> Known:
    return Known(
        article_id=row.article_id,
        story_id=row.story_id,
        draft=_draft(row),
        revision=row.revision,
        state=row.state,
        duplicate_of=row.duplicate_of,
        novelty=row.novelty,
        content_hashes=content_hashes,
    )


async def known_articles(connection: Connection, drafts: Sequence[Draft], window_hours: float) -> list[Known]:
    """Return the stored articles that `drafts` have to be compared with: at their addresses, and with like texts."""
    result = await connection.execute(_AT_ADDRESS, {"url_keys": [draft.url_key for draft in drafts]})
    versions = defaultdict(list)
    for row in result.all():
        versions[row.article_id].append(row)
    known = {article_id: _known(rows[-1], {row.content_hash for row in rows}) for article_id, rows in versions.items()}
    probes = [(number, one, draft.published_at) for number, draft in enumerate(drafts) for one in draft.hashes]
    if probes:
        numbers, hashes, moments = zip(*probes, strict=True)
        parameters = {
            "numbers": list(numbers),
            "hashes": list(hashes),
            "moments": list(moments),
            "reach": timedelta(hours=window_hours),
        }
        near = [row.article_id for row in await connection.execute(_NEAR, parameters) if row.article_id not in known]
        if near:
            for row in await connection.execute(_BY_ID, {"article_ids": near}):
                known[row.article_id] = _known(row, {row.content_hash})
    return list(known.values())


async def story_times(
    connection: Connection, story_ids: Iterable[UUID], since: datetime, until: datetime
) -> dict[UUID, list[datetime]]:
    """Return when the articles of these stories were published, as far as between `since` and `until`."""
    times: defaultdict[UUID, list[datetime]] = defaultdict(list)
    wanted = list(story_ids)
    if wanted:
        parameters = {"story_ids": wanted, "since": since, "until": until}
        for row in await connection.execute(_STORY_TIMES, parameters):
            times[row.story_id].append(row.published_at)
    return times


def _article_rows(known: Known, now: datetime, fetched_from: UUID | None) -> list[dict[str, Any]]:
    rows = []
    for version in known.versions:
        draft = version.draft
        rows.append(
            {
                "article_id": known.article_id,
                "revision": version.revision,
                "state": version.state,
                "story_id": known.story_id,
                "duplicate_of": version.duplicate_of,
                "title": draft.title,
                "body": draft.body,
                "summary": draft.summary,
                "url": draft.url,
                "canonical_url": draft.canonical_url,
                "url_key": draft.url_key,
                "content_hash": draft.content_hash,
                "domain": draft.domain,
                "author": draft.author,
                "source_id": draft.source_id,
                "source_name": draft.source_name,
                "fetched_from": fetched_from,
                "language": draft.language,
                "tickers": draft.tickers,
                "novelty": known.novelty,
                "published_at": draft.published_at,
                "received_at": now,
                "recorded_at": now,
                "superseded_at": None if version is known.versions[-1] else now,
            }
        )
    return rows


async def store_articles(
    connection: Connection, changed: Sequence[Known], now: datetime, fetched_from: UUID | None
) -> None:
    """Write every new version of `changed`, supersede the versions before, and make the texts findable."""
    stored_before = [known.article_id for known in changed if not known.is_new]
    if stored_before:
        await connection.execute(
            update(ARTICLE).where(ARTICLE.c.article_id.in_(stored_before), _CURRENT).values(superseded_at=now)
        )
    rows = [row for known in changed for row in _article_rows(known, now, fetched_from)]
    await insert_rows(connection, ARTICLE, rows)
    await _store_fingerprints(connection, [known for known in changed if len(known.versions) == 1 and known.is_new])
    await _store_fingerprints(
        connection, [known for known in changed if len(known.versions) > 1 or not known.is_new], is_new=False
    )


async def _store_fingerprints(connection: Connection, changed: Sequence[Known], *, is_new: bool = True) -> None:
    """Write the hashes of these articles; a corrected one shares most of them with what it was before."""
    keys = {
        (one, version.draft.published_at, known.article_id)
        for known in changed
        for version in known.versions
        for one in version.draft.hashes
    }
    await insert_rows(
        connection,
        FINGERPRINT,
        [{"hash": one, "published_at": moment, "article_id": article_id} for one, moment, article_id in sorted(keys)],
        on_conflict=None if is_new else ("hash", "published_at", "article_id"),
    )


async def store_stories(connection: Connection, changed: Sequence[Known], now: datetime) -> list[UUID]:
    """Write the stories that new articles begin, stretch those they join, and return the latter's ids."""
    first: dict[UUID, datetime] = {}
    last: dict[UUID, datetime] = {}
    titles: dict[UUID, str] = {}
    for known in changed:
        if not known.is_new:
            continue
        moment = known.draft.published_at
        first[known.story_id] = min(first.get(known.story_id, moment), moment)
        last[known.story_id] = max(last.get(known.story_id, moment), moment)
        if known.is_new_story:
            titles[known.story_id] = known.draft.title
    rows = [
        {
            "story_id": story_id,
            "title": title,
            "first_published_at": first[story_id],
            "last_published_at": last[story_id],
            "created_at": now,
            "updated_at": now,
        }
        for story_id, title in titles.items()
    ]
    await insert_rows(connection, STORY, rows)
    joined = [story_id for story_id in first if story_id not in titles]
    if joined:
        parameters = {
            "story_ids": joined,
            "firsts": [first[story_id] for story_id in joined],
            "lasts": [last[story_id] for story_id in joined],
            "now": now,
        }
        await connection.execute(_TOUCH_STORIES, parameters)
    return joined


async def add_counts(connection: Connection, counted: Mapping[str, int]) -> None:
    """Add to what was ever received and to what became of it."""
    rows = [{"name": name, "value": value} for name, value in sorted(counted.items()) if value]
    if rows:
        statement = insert(TALLY).values(rows)
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"value": TALLY.c.value + statement.excluded.value}
            )
        )


async def counts(connection: Connection) -> dict[str, int]:
    """Return how many articles were ever received, and how many of them were created, duplicates and so on.

    Notes
    -----
    `received` is the sum of the others. `stored` is the number of articles there are now, copies included.
    """
    found = {row.name: row.value for row in await connection.execute(select(TALLY.c.name, TALLY.c.value))}
    return {name: found.get(name, 0) for name in ("received", *STATUSES)}


async def forget_fingerprints(connection: Connection, received_before: UUID) -> int:
    """Delete the fingerprints of articles older than the UUIDv7 `received_before`; return how many."""
    result = await connection.execute(FINGERPRINT.delete().where(FINGERPRINT.c.article_id < received_before))
    return result.rowcount
