"""Decides on a batch of articles: each is new, a duplicate, a near-duplicate or a revision.

Articles are decided one after the other, against what is stored and against those before them in the batch.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Literal
from uuid import UUID

from news_ingestion.articles.draft import Draft, merge_tickers, words_of
from news_ingestion.deduplication.duplicates import compare_articles, same_publisher
from news_ingestion.deduplication.similarity import TextComparison
from news_ingestion.deduplication.stories import event_similarity, novelty

Status = Literal["created", "duplicate", "near_duplicate", "revised", "rejected"]
State = Literal["created", "revised", "retracted"]
# Why an article at a known address changes nothing, where it does not simply repeat what is known.
Reason = Literal["older_version", "retracted"]
# Of the articles that share a fingerprint with a new one, the closest few are compared.
MAX_CANDIDATES = 5
# In a batch, the latest articles under one hash are looked at, so that a large batch costs no more for each article.
_MAX_PER_HASH = 128


@dataclass(eq=False, slots=True)
class Known:
    """An article that is stored, or is about to be: its current version and what the batch does to it.

    Notes
    -----
    `content_hashes` and `summaries` are those of its newest versions, so that an old version that a cache of the
    provider's brings again is no revision. `other_addresses` are the keys of those at which its publisher has it too,
    with the content hash of what was said there last.
    `versions` are the (draft, state) written by this batch, oldest first; empty when nothing changes.
    """

    article_id: UUID
    story_id: UUID
    draft: Draft
    revision: int = 1
    state: State = "created"
    duplicate_of: UUID | None = None
    novelty: float = 1.0
    content_hashes: set[UUID] = field(default_factory=set)
    summaries: set[str | None] = field(default_factory=set)
    other_addresses: dict[UUID, UUID] = field(default_factory=dict)
    versions: list["Version"] = field(default_factory=list)
    is_new: bool = False
    is_new_story: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an article to be written."""

    draft: Draft
    revision: int
    state: State
    duplicate_of: UUID | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of one article of the batch; `match` is the article it is like, with the comparison."""

    status: Status
    known: Known
    match_id: UUID | None = None
    comparison: TextComparison | None = None
    reason: Reason | None = None


class Neighbourhood:
    """The articles that new ones are compared with, found by fingerprint and by address."""

    def __init__(self, stored: Iterable[Known]) -> None:
        self._by_hash: defaultdict[int, list[Known]] = defaultdict(list)
        self._by_url: dict[UUID, Known] = {}
        others: list[tuple[UUID, Known]] = []
        for known in stored:
            self.add(known)
            others += [(url_key, known) for url_key in known.other_addresses]
        for url_key, known in others:
            self.add_address(url_key, known)

    def add_address(self, url_key: UUID, known: Known) -> None:
        """Let `known` be found at another address, unless an article has it as its own."""
        self._by_url.setdefault(url_key, known)

    def add(self, known: Known) -> None:
        """Let later articles of the batch be compared with `known`."""
        self._by_url.setdefault(known.draft.url_key, known)
        if known.state != "retracted":
            for one in known.draft.hashes:
                self._by_hash[one].append(known)

    def at(self, draft: Draft) -> Known | None:
        """Return the article at the address of `draft`."""
        return self._by_url.get(draft.url_key)

    def candidates(self, draft: Draft) -> list[Known]:
        """Return the articles that share most of the fingerprint of `draft`, the likeliest first."""
        hashes = draft.hashes
        shared = Counter(chain.from_iterable(self._by_hash.get(one, ())[-_MAX_PER_HASH:] for one in hashes))
        for known in self._by_hash.get(hashes[-1], ())[-_MAX_PER_HASH:] if hashes else ():
            shared[known] += len(hashes)  # the last hash is of all that is said
        return sorted(shared, key=shared.__getitem__, reverse=True)[:MAX_CANDIDATES]


class BatchDecider:
    """Decides a batch in order; `known` afterwards holds every article that is new or has changed.

    `addresses` holds the articles that were met at other addresses than their own, by the key of these.

    Notes
    -----
    A version that was there before corrects nothing: a cache of a feed is behind, or a request is repeated late.
    """

    def __init__(self, stored: Iterable[Known], new_id: Callable[[], UUID], window_seconds: float) -> None:
        self._neighbourhood = Neighbourhood(stored)
        self._new_id = new_id
        self._window_seconds = window_seconds
        self.known: dict[UUID, Known] = {}
        self.addresses: dict[UUID, Known] = {}

    def decide(self, draft: Draft) -> Decision:
        """Return what becomes of `draft`, and remember it for the articles after it."""
        at_address = self._neighbourhood.at(draft)
        if at_address is not None:
            return self._again(at_address, draft)
        compared = self._compared(draft)
        copied = _best_duplicate(compared)
        if copied is None:
            return self._created(draft, compared)
        original, comparison = copied
        if comparison.rule == "identical" and same_publisher(draft, original.draft):
            self._merge_tickers(original, draft)
            self._note_address(original, draft)
            return Decision("duplicate", original, original.article_id, comparison)
        copy = self._new(draft, original.story_id, duplicate_of=original.duplicate_of or original.article_id)
        return Decision("near_duplicate", copy, copy.duplicate_of, comparison)

    def _compared(self, draft: Draft, but: UUID | None = None) -> list[tuple[Known, TextComparison]]:
        return [
            (known, compare_articles(draft, known.draft))
            for known in self._neighbourhood.candidates(draft)
            if known.article_id != but
            and abs((draft.published_at - known.draft.published_at).total_seconds()) <= self._window_seconds
        ]

    def _again(self, known: Known, draft: Draft) -> Decision:
        """Decide on an article whose address is stored: the same again, or a correction.

        Notes
        -----
        What another address of it says counts when it changes there: its summary is often another from the beginning,
        its body too, and it may be corrected later than the first.
        """
        current = known.draft
        is_elsewhere = draft.url_key != current.url_key
        comparison = compare_articles(draft, current)._replace(duplicate=True, rule="url")
        says_the_same = _says_nothing_new(draft, current) or (
            draft.content_hash == known.other_addresses.get(draft.url_key)
        )
        if known.state == "retracted" and (says_the_same or draft.content_hash in known.content_hashes):
            return Decision("duplicate", known, known.article_id, comparison, "retracted")
        is_repeated = says_the_same and (is_elsewhere or not _corrects_summary(draft, current))
        is_older = not is_repeated and _is_older_version(draft, known, says_the_same)
        if is_repeated or is_older:
            self._merge_tickers(known, draft)
            return Decision("duplicate", known, known.article_id, comparison, "older_version" if is_older else None)
        if is_elsewhere:
            self._note_address(known, draft)
        merged = replace(
            draft,
            url=current.url if is_elsewhere else draft.url,
            canonical_url=current.canonical_url,
            published_at=current.published_at,
            body=draft.body or current.body,
            summary=draft.summary or current.summary,
            author=draft.author or current.author,
            source_id=draft.source_id or current.source_id,
            source_name=draft.source_name or current.source_name,
            language=draft.language or current.language,
            tickers=merge_tickers(current.tickers, draft.tickers),
        )
        if known.duplicate_of is not None:
            # A copy that was rewritten may no longer be one; then it is handed on like any other article.
            still = _best_duplicate(self._compared(merged, but=known.article_id))
            known.duplicate_of = (still[0].duplicate_of or still[0].article_id) if still else None
        known.content_hashes.add(draft.content_hash)
        known.summaries.add(merged.summary)
        self._write(known, merged, "revised")
        self._neighbourhood.add(known)
        return Decision("revised", known, known.article_id, comparison)

    def _created(self, draft: Draft, compared: Sequence[tuple[Known, TextComparison]]) -> Decision:
        on_event = ((event_similarity(draft, known.draft, comparison), known) for known, comparison in compared)
        similarity, nearest = max(on_event, key=lambda pair: pair[0], default=(0.0, None))
        if nearest is None or similarity <= 0.0:
            return Decision("created", self._new(draft, self._new_id(), is_new_story=True))
        return Decision("created", self._new(draft, nearest.story_id))

    def _new(
        self, draft: Draft, story_id: UUID, *, duplicate_of: UUID | None = None, is_new_story: bool = False
    ) -> Known:
        known = Known(
            article_id=self._new_id(),
            story_id=story_id,
            draft=draft,
            duplicate_of=duplicate_of,
            content_hashes={draft.content_hash},
            summaries={draft.summary},
            versions=[Version(draft, 1, "created", duplicate_of)],
            is_new=True,
            is_new_story=is_new_story,
        )
        self.known[known.article_id] = known
        self._neighbourhood.add(known)
        return known

    def _note_address(self, known: Known, draft: Draft) -> None:
        """Remember that `known` is found at the address of `draft` too, and what is said there."""
        known.other_addresses[draft.url_key] = draft.content_hash
        self.addresses[draft.url_key] = known
        self._neighbourhood.add_address(draft.url_key, known)

    def _merge_tickers(self, known: Known, draft: Draft) -> None:
        """Give `known` the tickers that only the duplicate names: one article is often listed once per ticker."""
        tickers = merge_tickers(known.draft.tickers, draft.tickers)
        if len(tickers) == len(known.draft.tickers):
            return
        merged = replace(known.draft, tickers=tickers)
        if known.versions:
            known.draft = merged
            known.versions[-1] = replace(known.versions[-1], draft=merged)
        else:
            self._write(known, merged, "revised")

    def _write(self, known: Known, draft: Draft, state: State) -> None:
        known.draft, known.state = draft, state
        known.revision += 1
        known.versions.append(Version(draft, known.revision, state, known.duplicate_of))
        self.known[known.article_id] = known


def _says_nothing_new(draft: Draft, current: Draft) -> bool:
    """Return whether `draft` repeats `current`, or repeats it without the body."""
    return draft.bare_title == current.bare_title and (draft.body is None or draft.body == current.body)


def _corrects_summary(draft: Draft, current: Draft) -> bool:
    """Return whether the summary of `draft` has other words than that of `current`; none at all, or a cut one, has not.

    Notes
    -----
    The texts are compared, not their hashes: title and body alone are in those of the articles that are stored.
    """
    if not draft.summary or draft.summary == current.summary:
        return False
    words, current_words = words_of(draft.summary), words_of(current.summary or "")
    is_cut = draft.summary.rstrip(" ]").endswith(("...", "\u2026")) and current_words.startswith(words)
    return words != current_words and not is_cut


def _is_older_version(draft: Draft, known: Known, says_the_same: bool) -> bool:
    """Return whether `draft`, which differs from the current version, is as an older one was."""
    if not says_the_same:
        return draft.content_hash in known.content_hashes
    words = words_of(draft.summary or "")
    return any(words == words_of(summary) for summary in known.summaries if summary)


def _best_duplicate(compared: Iterable[tuple[Known, TextComparison]]) -> tuple[Known, TextComparison] | None:
    """Return the article that a new one copies: the closest, and among equals the earliest."""
    copied = [(known, comparison) for known, comparison in compared if comparison.duplicate]
    if not copied:
        return None
    return min(copied, key=lambda pair: (pair[1].rule != "identical", -pair[1].similarity, pair[0].draft.published_at))


def set_novelty(known: Iterable[Known], stored_times: Mapping[UUID, Sequence[datetime]]) -> None:
    """Set the novelty of every new article from when its story's other articles were published.

    Parameters
    ----------
    stored_times : mapping of story id to list of datetime, of the articles stored before this batch.
    """
    times = {story_id: list(moments) for story_id, moments in stored_times.items()}
    for one in known:
        if one.is_new:
            earlier = times.setdefault(one.story_id, [])
            one.novelty = novelty(one.draft.published_at, earlier)
            earlier.append(one.draft.published_at)
