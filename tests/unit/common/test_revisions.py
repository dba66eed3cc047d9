"""One rule decides between two revisions, for single items, within a batch, and against others who write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.batches.revisions import Held, RevisedBatch, settle, standing
from common.clock import SYSTEM_CLOCK, Clock
from common.contracts import InvalidItem
from common.contracts.batch import ErrorDetail, ItemError, ItemResult
from common.errors import Unavailable

_A, _B = UUID(int=1), UUID(int=2)


@dataclass
class Note:
    key: UUID
    revision: int


@dataclass
class Table:
    """One row for each key; `others` writes what somebody else commits before the insert of each round."""

    wanted: Mapping[UUID, int]
    rows: dict[UUID, Held] = field(default_factory=dict)
    others: list[dict[UUID, Held]] = field(default_factory=list)
    superseded: set[UUID] = field(default_factory=set)
    calls: list[tuple[str, datetime | None]] = field(default_factory=list)

    async def insert(self, keys: Sequence[UUID], moment: datetime) -> dict[UUID, UUID]:
        self.calls.append(("insert", moment))
        for key, held in (self.others.pop(0) if self.others else {}).items():
            self.rows[key] = held
            self.superseded.discard(key)
        written = {key: UUID(int=100 + self.wanted[key]) for key in keys if self._is_free(key)}
        self.rows.update({key: Held(self.wanted[key], found) for key, found in written.items()})
        return written

    def _is_free(self, key: UUID) -> bool:
        return key not in self.rows or key in self.superseded

    async def read(self, keys: Sequence[UUID]) -> dict[UUID, Held]:
        self.calls.append(("read", None))
        return {key: self.rows[key] for key in keys if key in self.rows}

    async def supersede(self, keys: Sequence[UUID], moment: datetime) -> None:
        self.calls.append(("supersede", moment))
        self.superseded.update(key for key in keys if self.rows[key].revision < self.wanted[key])


@pytest.mark.parametrize(
    ("revision", "held", "expected"),
    [(1, None, "newer"), (2, 1, "newer"), (2, 2, "unchanged"), (1, 2, "superseded"), (1, 1_000_000, "superseded")],
)
def test_a_revision_is_written_when_it_is_the_first_or_newer(revision: int, held: int | None, expected: str) -> None:
    assert standing(revision, held) == expected


@given(
    revisions=st.lists(st.tuples(st.sampled_from([_A, _B]), st.integers(1, 4)), max_size=8),
    held=st.dictionaries(st.sampled_from([_A, _B]), st.integers(1, 4)),
)
def test_every_item_of_a_batch_is_answered_truthfully(revisions: list[tuple[UUID, int]], held: dict[UUID, int]) -> None:
    items: list[Note | InvalidItem] = [Note(*each) for each in revisions]
    batch: RevisedBatch[UUID, Note] = RevisedBatch(items, key=lambda note: note.key)
    written = {
        key: UUID(int=9) for key, note in batch.newest.items() if standing(note.revision, held.get(key)) == "newer"
    }

    answers = batch.answers(written, {key: Held(revision, UUID(int=7)) for key, revision in held.items()}).data

    assert [answer.index for answer in answers] == list(range(len(items)))
    now = held | {key: batch.newest[key].revision for key in written}
    for (key, revision), answer in zip(revisions, answers, strict=True):
        expected = "superseded" if now[key] > revision else "unchanged"
        assert answer.status == ("stored" if answer.status == "stored" else expected)
        assert answer.status != "stored" or (key in written and revision == now[key])
    stored = [key for (key, _), answer in zip(revisions, answers, strict=True) if answer.status == "stored"]
    assert sorted(stored) == sorted(written)


def test_every_item_is_answered_with_what_holds_now() -> None:
    third = UUID(int=3)
    invalid = InvalidItem((ErrorDetail(loc=["revision"], msg="Field required", type="missing"),))
    items = [Note(_A, 1), invalid, Note(_A, 2), Note(_B, 5), Note(third, 4)]
    batch: RevisedBatch[UUID, Note] = RevisedBatch(items, key=lambda note: note.key)

    answers = batch.answers({_A: UUID(int=9)}, {_B: Held(5, UUID(int=7)), third: Held(6, UUID(int=8))}).data

    assert answers == [
        ItemResult(index=0, status="superseded", id=str(UUID(int=9))),
        ItemResult(index=1, status="rejected", error=ItemError.of(invalid)),
        ItemResult(index=2, status="stored", id=str(UUID(int=9))),
        ItemResult(index=3, status="unchanged", id=str(UUID(int=7))),
        ItemResult(index=4, status="superseded", id=str(UUID(int=8))),
    ]


def test_an_item_that_was_neither_written_nor_held_back_is_no_answer() -> None:
    batch: RevisedBatch[UUID, Note] = RevisedBatch([Note(_A, 2)], key=lambda note: note.key)

    with pytest.raises(AssertionError, match=f"revision 2 of {_A} was not written, and only 1 is held"):
        batch.answers({}, {_A: Held(1, UUID(int=7))})


async def test_a_row_that_gives_way_to_an_older_one_is_written_in_the_next_round() -> None:
    table = Table({_A: 3}, others=[{_A: Held(1, UUID(int=5))}])

    settled = await settle(table, {_A: 3}, SYSTEM_CLOCK)

    assert (settled.written, settled.replaced, settled.held) == ({_A: UUID(int=103)}, {_A}, {})


@pytest.mark.parametrize("revision", [3, 4])
async def test_a_row_that_gives_way_to_an_equal_or_newer_one_is_left(revision: int) -> None:
    newer = Held(revision, UUID(int=5))
    table = Table({_A: 3}, rows={_A: Held(1, UUID(int=4))}, others=[{_A: newer}])

    settled = await settle(table, {_A: 3}, SYSTEM_CLOCK, {_A: Held(1, UUID(int=4))})

    assert (settled.written, settled.held) == ({}, {_A: newer})


class TickingClock(Clock):
    """A minute passes whenever it is looked at."""

    def __init__(self) -> None:
        self.looked_at: list[datetime] = []

    def now(self) -> datetime:
        self.looked_at.append(datetime(2024, 3, 5, 12, len(self.looked_at), tzinfo=UTC))
        return self.looked_at[-1]


async def test_what_is_known_to_be_older_is_ended_in_the_first_round() -> None:
    older, clock = Held(1, UUID(int=4)), TickingClock()
    table = Table({_A: 3}, rows={_A: older})

    await settle(table, {_A: 3}, clock, {_A: older})

    assert table.calls == [("supersede", clock.looked_at[0]), ("insert", clock.looked_at[0])]


async def test_every_round_takes_its_moment_after_what_was_committed_before_it() -> None:
    clock = TickingClock()
    table = Table({_A: 3}, others=[{_A: Held(1, UUID(int=5))}])

    await settle(table, {_A: 3}, clock)

    first, second = clock.looked_at
    assert table.calls == [("insert", first), ("read", None), ("supersede", second), ("insert", second)]


async def test_others_who_keep_writing_are_not_waited_for_for_ever() -> None:
    others = [{_A: Held(revision, UUID(int=5))} for revision in range(1, 9)]
    table = Table({_A: 99}, others=others)

    with pytest.raises(Unavailable, match="keep writing 1 of these items"):
        await settle(table, {_A: 99}, SYSTEM_CLOCK)
