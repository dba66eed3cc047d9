"""The stored articles that new ones are compared with: those with the same address or a similar text."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Interval, Select, Uuid, bindparam, select, text

from common.contracts import ArticleState
from common.postgres.database import Connection
from common.postgres.rows import columns_for, find_rows
from news_ingestion.articles.draft import Draft
from news_ingestion.deduplication.decisions import MAX_CANDIDATES, Known
from news_ingestion.models import ARTICLE, ARTICLE_ADDRESS

# Beyond this many articles under one hash within the window, only the nearest in time are candidates.
_MAX_PER_HASH = 32
# The newest versions that a draft is compared with: by the hash of title and body, and by the words of the summary,
# which have to be read for it.
_MAX_VERSIONS = 1_000
_MAX_SUMMARIES = 50
_MOMENT = DateTime(timezone=True)
_CURRENT = ARTICLE.c.superseded_at.is_(None)


class _CandidateRow(NamedTuple):
    """The current version of an article to compare with."""

    article_id: UUID
    story_id: UUID
    revision: int
    state: ArticleState
    duplicate_of: UUID | None
    novelty: float
    title: str
    url: str
    canonical_url: str
    published_at: datetime
    body: str | None
    summary: str | None
    author: str | None
    source_id: str | None
    source_name: str | None
    language: str | None
    tickers: list[str]
    content_hash: UUID


class _EarlierRow(NamedTuple):
    """What the newest versions of an article said, the current one's too: hashes and summaries, the newest first."""

    article_id: UUID
    content_hashes: list[UUID]
    summaries: list[str]


class _AddressRow(NamedTuple):
    """Another address of an article, with the hash of what it said there last."""

    article_id: UUID
    url_key: UUID
    content_hash: UUID


class _NearRow(NamedTuple):
    """The articles under one of the hashes that are looked up, the latest first."""

    number: int
    article_ids: list[UUID]


_OTHER_ADDRESSES: Select[Any] = select(*columns_for(_AddressRow, ARTICLE_ADDRESS)).where(
    ARTICLE_ADDRESS.c.url_key == bindparam("url_keys", type_=ARRAY(Uuid)).any_()
)
_CURRENT_BY_ID: Select[Any] = (
    select(*columns_for(_CandidateRow, ARTICLE))
    .where(ARTICLE.c.article_id == bindparam("article_ids", type_=ARRAY(Uuid)).any_(), _CURRENT)
    .order_by(ARTICLE.c.article_id)
)
_AT_ADDRESS: Select[Any] = (
    select(*columns_for(_CandidateRow, ARTICLE))
    .where(ARTICLE.c.url_key == bindparam("url_keys", type_=ARRAY(Uuid)).any_(), _CURRENT)
    .order_by(ARTICLE.c.article_id)
)
# Of what an article said before, which may be a thousand versions of a megabyte, only what decisions look at.
_EARLIER = text(
    f"""
    SELECT given.article_id,
        ARRAY(SELECT content_hash FROM article WHERE article.article_id = given.article_id
              ORDER BY revision DESC LIMIT {_MAX_VERSIONS}) AS content_hashes,
        ARRAY(SELECT summary FROM article WHERE article.article_id = given.article_id AND summary <> ''
              ORDER BY revision DESC LIMIT {_MAX_SUMMARIES}) AS summaries
    FROM unnest(:article_ids) AS given (article_id)
    """  # noqa: S608 - numbers of this module
).bindparams(bindparam("article_ids", type_=ARRAY(Uuid)))
# Hashes are looked up once for all drafts of a batch that have them, and ranked outside: sorting ten thousand pairs of
# draft and article cost PostgreSQL three times what finding them did.
_NEAR = text(
    f"""
    SELECT probe.number, ARRAY(
        SELECT article_id FROM fingerprint
        WHERE fingerprint.hash = probe.hash
          AND fingerprint.published_at BETWEEN probe.first - :reach AND probe.last + :reach
        ORDER BY fingerprint.published_at DESC, fingerprint.article_id DESC
        LIMIT {_MAX_PER_HASH}
    ) AS article_ids
    FROM unnest(:numbers, :hashes, :firsts, :lasts) AS probe (number, hash, first, last)
    """  # noqa: S608 - a number of this module
).bindparams(
    bindparam("numbers", type_=ARRAY(BigInteger)),
    bindparam("hashes", type_=ARRAY(BigInteger)),
    bindparam("firsts", type_=ARRAY(_MOMENT)),
    bindparam("lasts", type_=ARRAY(_MOMENT)),
    bindparam("reach", type_=Interval),
)
_BY_ID: Select[Any] = (
    select(*columns_for(_CandidateRow, ARTICLE))
    .where(
        ARTICLE.c.article_id == bindparam("article_ids", type_=ARRAY(Uuid)).any_(),
        _CURRENT,
        ARTICLE.c.state != "retracted",
    )
    .order_by(ARTICLE.c.article_id)
)


def _known(row: _CandidateRow, earlier: _EarlierRow | None = None) -> Known:
    """Return the article of this current version, which also said what `earlier` has."""
    draft = Draft(
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
    return Known(
        row.article_id,
        row.story_id,
        draft,
        row.revision,
        row.state,
        row.duplicate_of,
        row.novelty,
        content_hashes={row.content_hash, *(earlier.content_hashes if earlier else ())},
        summaries={row.summary, *(earlier.summaries if earlier else ())},
    )


async def list_candidates(connection: Connection, drafts: Sequence[Draft], window_hours: float) -> list[Known]:
    """Return the stored articles that `drafts` have to be compared with: at their addresses, and with like texts."""
    known = await _at_addresses(connection, [draft.url_key for draft in drafts])
    near = await _near(connection, drafts, window_hours)
    missing = [article_id for article_id in near if article_id not in known]
    if missing:
        for row in await find_rows(connection, _BY_ID, _CandidateRow, {"article_ids": missing}):
            known[row.article_id] = _known(row)
    return list(known.values())


async def _at_addresses(connection: Connection, url_keys: Sequence[UUID]) -> dict[UUID, Known]:
    """Return the articles, by their id, that have one of these addresses as their own or as another one."""
    rows = await find_rows(connection, _AT_ADDRESS, _CandidateRow, {"url_keys": url_keys})
    own = {row.article_id for row in rows}
    others: dict[UUID, dict[UUID, UUID]] = defaultdict(dict)
    for address in await find_rows(connection, _OTHER_ADDRESSES, _AddressRow, {"url_keys": url_keys}):
        others[address.article_id][address.url_key] = address.content_hash
    missing = [article_id for article_id in others if article_id not in own]
    if missing:
        rows += await find_rows(connection, _CURRENT_BY_ID, _CandidateRow, {"article_ids": missing})
    if not rows:
        return {}
    found = {"article_ids": [row.article_id for row in rows]}
    earlier = {each.article_id: each for each in await find_rows(connection, _EARLIER, _EarlierRow, found)}
    known = {row.article_id: _known(row, earlier[row.article_id]) for row in rows}
    for article_id in others.keys() & known.keys():
        known[article_id].other_addresses = others[article_id]
    return known


async def _near(connection: Connection, drafts: Sequence[Draft], window_hours: float) -> list[UUID]:
    """Return the articles that share most of the fingerprint of one of `drafts`."""
    probes: dict[tuple[int, int], list[datetime]] = defaultdict(list)
    for draft in drafts:
        part = _part_of_day(draft)
        for one in draft.hashes:
            probes[one, part].append(draft.published_at)
    if not probes:
        return []
    parameters = {
        "numbers": list(range(len(probes))),
        "hashes": [one for one, _ in probes],
        "firsts": [min(moments) for moments in probes.values()],
        "lasts": [max(moments) for moments in probes.values()],
        "reach": timedelta(hours=window_hours),
    }
    found = dict(await find_rows(connection, _NEAR, _NearRow, parameters))
    under = {key: found[number] for number, key in enumerate(probes)}
    near: dict[UUID, None] = {}
    for draft in drafts:
        part = _part_of_day(draft)
        shared: dict[UUID, int] = {}
        for one in draft.hashes:
            # Oldest first: of equals, the one that came first is taken for the original. The last hash is of all that
            # is said, and outweighs the others.
            weight = len(draft.hashes) if one == draft.hashes[-1] else 1
            for article_id in reversed(under[one, part]):
                shared[article_id] = shared.get(article_id, 0) + weight
        likeliest = sorted(shared, key=shared.__getitem__, reverse=True)[:MAX_CANDIDATES]
        near.update(dict.fromkeys(likeliest))
    return list(near)


def _part_of_day(draft: Draft) -> int:
    """Return which six hours an article was published in, counted from 1970."""
    return int(draft.published_at.timestamp()) // 21_600
