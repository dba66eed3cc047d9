"""Reads and writes of ingesting a batch: a fixed number of statements, however many articles it has."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Interval, Text, Uuid, bindparam, select, text, update

from common.postgres.bulk import copy_rows, insert_rows
from common.postgres.database import Connection
from common.postgres.rows import columns_for, find_rows
from news_ingestion.deduplication.decisions import Known
from news_ingestion.deduplication.stories import NOVELTY_COUNTED, NOVELTY_WINDOW
from news_ingestion.models import ARTICLE, ARTICLE_ADDRESS, FINGERPRINT, STORY, TALLY
from news_ingestion.repository.reading import ArticleRow

STATUSES = ("created", "duplicates", "near_duplicates", "revised", "rejected")
# Any constant of its own will do; transactions that take the same one wait for each other.
_DECISION_LOCK = 0x6E657773
_MOMENT = DateTime(timezone=True)
_CURRENT = ARTICLE.c.superseded_at.is_(None)
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
# No more of a story's articles than can change a novelty: a story of thousands costs no more than one of a few dozen.
_STORY_TIMES = text(
    f"""
    SELECT DISTINCT given.story_id, recent.article_id, recent.published_at
    FROM unnest(:story_ids, :moments) AS given (story_id, moment)
    CROSS JOIN LATERAL (
        SELECT article_id, published_at FROM article
        WHERE article.story_id = given.story_id
          AND article.published_at BETWEEN given.moment - :reach AND given.moment
          AND superseded_at IS NULL
        ORDER BY article.published_at DESC
        LIMIT {NOVELTY_COUNTED}
    ) AS recent
    """  # noqa: S608 - a number of this program
).bindparams(
    bindparam("story_ids", type_=ARRAY(Uuid)),
    bindparam("moments", type_=ARRAY(_MOMENT)),
    bindparam("reach", type_=Interval),
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

_ADD_COUNTS = text(
    """
    INSERT INTO tally (name, value) SELECT * FROM unnest(:names, :values) AS given (name, value)
    ON CONFLICT (name) DO UPDATE SET value = tally.value + excluded.value
    """
).bindparams(bindparam("names", type_=ARRAY(Text)), bindparam("values", type_=ARRAY(BigInteger)))


async def claim_decisions(connection: Connection) -> None:
    """Wait until no other transaction decides on articles; the lock ends with the transaction.

    Notes
    -----
    What two batches write is unknown to each other until they commit: without the lock two copies of one article
    posted at the same moment would both be new, on one replica as on two.
    """
    await connection.execute(_LOCK, {"key": _DECISION_LOCK})


class NewAddress(NamedTuple):
    """Another address of an article as it is to be stored."""

    url_key: UUID
    article_id: UUID
    content_hash: UUID
    recorded_at: datetime


class NewFingerprint(NamedTuple):
    """One hash of an article's text as it is to be stored."""

    hash: int
    published_at: datetime
    article_id: UUID


class NewStory(NamedTuple):
    """A story that begins, as it is to be stored."""

    story_id: UUID
    title: str
    first_published_at: datetime
    last_published_at: datetime
    created_at: datetime
    updated_at: datetime


class _StoryTimeRow(NamedTuple):
    """When an article of a story was published."""

    story_id: UUID
    article_id: UUID
    published_at: datetime


class _TallyRow(NamedTuple):
    """How many articles something became of."""

    name: str
    value: int


async def list_story_times(
    connection: Connection, joined: Iterable[tuple[UUID, datetime]]
) -> dict[UUID, list[datetime]]:
    """Return when articles of these stories were published in the day before each of these moments.

    Parameters
    ----------
    joined : pairs of a story and when an article that joins it was published.
    """
    times: defaultdict[UUID, list[datetime]] = defaultdict(list)
    wanted = sorted(set(joined))
    if wanted:
        story_ids, moments = zip(*wanted, strict=True)
        parameters = {"story_ids": list(story_ids), "moments": list(moments), "reach": NOVELTY_WINDOW}
        for row in await find_rows(connection, _STORY_TIMES, _StoryTimeRow, parameters):
            times[row.story_id].append(row.published_at)
    return times


def _new_articles(known: Known, now: datetime, fetched_from: UUID | None) -> Iterator[ArticleRow]:
    for version in known.versions:
        draft = version.draft
        yield ArticleRow(
            article_id=known.article_id,
            revision=version.revision,
            state=version.state,
            story_id=known.story_id,
            duplicate_of=version.duplicate_of,
            title=draft.title,
            body=draft.body,
            summary=draft.summary,
            url=draft.url,
            canonical_url=draft.canonical_url,
            url_key=draft.url_key,
            content_hash=draft.content_hash,
            domain=draft.domain,
            author=draft.author,
            source_id=draft.source_id,
            source_name=draft.source_name,
            fetched_from=fetched_from,
            language=draft.language,
            tickers=list(draft.tickers),
            novelty=known.novelty,
            published_at=draft.published_at,
            received_at=now,
            recorded_at=now,
            superseded_at=None if version is known.versions[-1] else now,
        )


async def insert_articles(
    connection: Connection, changed: Sequence[Known], now: datetime, fetched_from: UUID | None
) -> None:
    """Write every new version of `changed`, supersede the versions before, and make the texts findable."""
    stored_before = [known.article_id for known in changed if not known.is_new]
    if stored_before:
        await connection.execute(
            update(ARTICLE).where(ARTICLE.c.article_id.in_(stored_before), _CURRENT).values(superseded_at=now)
        )
    rows = [row for known in changed for row in _new_articles(known, now, fetched_from)]
    await copy_rows(connection, ARTICLE, rows)
    await _insert_fingerprints(connection, [known for known in changed if len(known.versions) == 1 and known.is_new])
    await _insert_fingerprints(
        connection, [known for known in changed if len(known.versions) > 1 or not known.is_new], is_new=False
    )


async def insert_addresses(connection: Connection, addresses: Mapping[UUID, Known], now: datetime) -> None:
    """Write at which other addresses articles are found, and what was said there."""
    rows = [
        NewAddress(url_key, known.article_id, known.other_addresses[url_key], recorded_at=now)
        for url_key, known in addresses.items()
    ]
    update = ("article_id", "content_hash", "recorded_at")
    await insert_rows(connection, ARTICLE_ADDRESS, rows, on_conflict=("url_key",), update=update)


async def _insert_fingerprints(connection: Connection, changed: Sequence[Known], *, is_new: bool = True) -> None:
    """Write the hashes of these articles; a corrected one shares most of them with what it was before."""
    new = {
        NewFingerprint(one, version.draft.published_at, known.article_id)
        for known in changed
        for version in known.versions
        for one in version.draft.hashes
    }
    rows = sorted(new)
    if is_new:
        await copy_rows(connection, FINGERPRINT, rows)
    else:
        await insert_rows(connection, FINGERPRINT, rows, on_conflict=("hash", "published_at", "article_id"))


async def insert_stories(connection: Connection, changed: Sequence[Known], now: datetime) -> list[UUID]:
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
    new = [
        NewStory(story_id, title, first[story_id], last[story_id], created_at=now, updated_at=now)
        for story_id, title in titles.items()
    ]
    await copy_rows(connection, STORY, new)
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


async def update_counts(connection: Connection, counted: Mapping[str, int]) -> None:
    """Add to what was ever received and to what became of it."""
    names = sorted(name for name, value in counted.items() if value)
    if names:
        await connection.execute(_ADD_COUNTS, {"names": names, "values": [counted[name] for name in names]})


async def find_counts(connection: Connection) -> dict[str, int]:
    """Return how many articles were ever received, and how many of them were created, duplicates and so on.

    Notes
    -----
    `received` is the sum of the others.
    """
    found = dict(await find_rows(connection, select(*columns_for(_TallyRow, TALLY)), _TallyRow))
    return {name: found.get(name, 0) for name in ("received", *STATUSES)}


async def delete_fingerprints(connection: Connection, received_before: UUID) -> int:
    """Delete the fingerprints of articles older than the UUIDv7 `received_before`; return how many."""
    result = await connection.execute(FINGERPRINT.delete().where(FINGERPRINT.c.article_id < received_before))
    return result.rowcount
