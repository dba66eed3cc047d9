"""Revisions of one resource: which of two is newer, and writing them so that the newest becomes the current one.

Deliveries come twice, late, and at the same moment. A row that gives way to another tells only that something is here;
whether that is the same, older or newer is read afterwards and decided by one rule, `standing`.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Generic, Literal, Protocol, TypeVar
from uuid import UUID

from common.clock import Clock
from common.contracts.batch import BatchResult, InvalidItem, ItemError, ItemResult
from common.errors import Unavailable

Standing = Literal["newer", "unchanged", "superseded"]
_SETTLING_ROUNDS: Final = 5


def standing(revision: int, held: int | None) -> Standing:
    """Return how `revision` stands to the one that is held: the first one, or a newer one, is to be written."""
    if held is None or held < revision:
        return "newer"
    return "unchanged" if held == revision else "superseded"


@dataclass(frozen=True, slots=True)
class Held:
    """The current revision of one thing, and the identifier of what is stored of it."""

    revision: int
    id: UUID


def is_newer(revision: int, held: Held | None) -> bool:
    """Return whether `revision` is to be written where `held` is current."""
    return standing(revision, None if held is None else held.revision) == "newer"


class Revised(Protocol):
    """What comes in revisions."""

    revision: int


KeyT = TypeVar("KeyT", bound=Hashable)
ItemT = TypeVar("ItemT", bound=Revised)


class RevisedBatch(Generic[KeyT, ItemT]):
    """The items of one request; `newest` holds of each thing the newest revision in it, in the order of the request.

    Parameters
    ----------
    items : what fits the contract and what does not, in the order of the request
    key : what makes an item the same thing through its revisions
    """

    def __init__(self, items: Sequence[ItemT | InvalidItem], key: Callable[[ItemT], KeyT]) -> None:
        self._items = items
        self._key = key
        self.newest: dict[KeyT, ItemT] = {}
        for item in items:
            if not isinstance(item, InvalidItem):
                earlier = self.newest.get(key(item))
                if standing(item.revision, None if earlier is None else earlier.revision) == "newer":
                    self.newest[key(item)] = item

    def answers(self, written: Mapping[KeyT, UUID], held: Mapping[KeyT, Held]) -> BatchResult:
        """Return the answer to each item, in the order of the request.

        Parameters
        ----------
        written : key -> identifier, of the newest items that were written
        held : what is held of all other keys
        """
        now_held = {**held, **{key: Held(self.newest[key].revision, found) for key, found in written.items()}}
        return BatchResult(
            data=[self._answer(index, item, written, now_held) for index, item in enumerate(self._items)]
        )

    def _answer(
        self, index: int, item: ItemT | InvalidItem, written: Mapping[KeyT, UUID], held: Mapping[KeyT, Held]
    ) -> ItemResult:
        if isinstance(item, InvalidItem):
            return ItemResult(index=index, status="rejected", error=ItemError.of(item))
        key = self._key(item)
        here = held[key]
        if key in written and item is self.newest[key]:
            return ItemResult(index=index, status="stored", id=str(here.id))
        found = standing(item.revision, here.revision)
        if found == "newer":
            raise AssertionError(f"revision {item.revision} of {key} was not written, and only {here.revision} is held")
        return ItemResult(index=index, status=found, id=str(here.id))


class RevisionTable(Protocol):
    """Where the revisions of things are kept, one of each the current one."""

    async def insert(self, keys: Sequence[UUID], moment: datetime) -> Mapping[UUID, UUID]:
        """Insert the wanted revision of each key and return key -> identifier of those written.

        A key of which something is current gives way; one that another transaction is writing is waited for.
        """
        ...

    async def read(self, keys: Sequence[UUID]) -> Mapping[UUID, Held]:
        """Return what is current of each key that has anything, also from transactions committed just now."""
        ...

    async def supersede(self, keys: Sequence[UUID], moment: datetime) -> None:
        """End the current revision of each key where it is older than the wanted one."""
        ...


@dataclass(slots=True)
class Settled:
    """What `settle` wrote, which of it took the place of an older revision, and what is held of all other keys."""

    written: dict[UUID, UUID] = field(default_factory=dict)
    replaced: set[UUID] = field(default_factory=set)
    held: dict[UUID, Held] = field(default_factory=dict)


async def settle(
    table: RevisionTable, wanted: Mapping[UUID, int], clock: Clock, known: Mapping[UUID, Held] | None = None
) -> Settled:
    """Write the wanted revisions that are newer than what is held, against any number of others who write as well.

    Parameters
    ----------
    wanted : key -> revision
    known : what was held a moment ago, where the caller has looked; it saves a round and is not relied on

    Raises
    ------
    Unavailable
        Others kept writing the same things for five rounds.

    Notes
    -----
    That an insert gave way means that something is current, perhaps since a moment ago: it is read, ended when it is
    older, and the insert is tried again. Each round takes its moment after what was committed before it, so that the
    times of two versions never overlap. Keys go in order, so that two transactions lock them in the same order.
    """
    settled = Settled()
    open_keys = _newer(sorted(wanted), wanted, known or {}, settled)
    older = [key for key in open_keys if key in (known or {})]
    for _ in range(_SETTLING_ROUNDS):
        if not open_keys:
            return settled
        moment = clock.now()
        if older:
            await table.supersede(older, moment)
            settled.replaced.update(older)
        settled.written.update(await table.insert(open_keys, moment))
        open_keys = [key for key in open_keys if key not in settled.written]
        if open_keys:
            open_keys = older = _newer(open_keys, wanted, await table.read(open_keys), settled)
    raise Unavailable(f"Other requests keep writing {len(open_keys)} of these items; try again.")


def _newer(keys: Sequence[UUID], wanted: Mapping[UUID, int], held: Mapping[UUID, Held], settled: Settled) -> list[UUID]:
    """Return the keys whose wanted revision is newer than what is held; note what is held of the others."""
    newer = [key for key in keys if is_newer(wanted[key], held.get(key))]
    settled.held.update((key, held[key]) for key in set(keys).difference(newer))
    return newer
