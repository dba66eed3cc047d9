"""The draft of the gazetteer, collected before it is graded and written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from nlp.entities.gazetteer import AliasKind, KnownEntity
from nlp.training.entities.company_names import spellings


def slug(name: str) -> str:
    """Return a name as a part of an identifier: "Rolls-Royce Holdings" is rolls-royce-holdings."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


@dataclass(slots=True)
class GazetteerDraft:
    """What the builder collects: entities in order, aliases -> {entity index: kind}, tickers -> (index, market)."""

    entities: list[KnownEntity] = field(default_factory=list)
    aliases: dict[str, dict[int, AliasKind]] = field(default_factory=dict)
    tickers: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    index_by_cik: dict[int, int] = field(default_factory=dict)
    by_hand: set[str] = field(default_factory=set)

    def add(self, entity: KnownEntity) -> int:
        """Append `entity` and return its index."""
        self.entities.append(entity)
        return len(self.entities) - 1

    def alias(self, index: int, names: Iterable[str], kind: AliasKind) -> None:
        """Let every spelling of `names` mean the entity at `index`; an earlier, stronger kind stays."""
        for name in names:
            for spelling in spellings(name):
                self.aliases.setdefault(spelling, {}).setdefault(index, kind)

    def name_by_hand(self, index: int, aliases: Iterable[str], *, is_former: bool = False) -> None:
        """Let the company alone bear these names, whatever a smaller registered name says.

        Notes
        -----
        A name that the successor bears too stays with the successor, which answers for earlier days by itself.
        """
        for alias in aliases:
            for spelling in spellings(alias):
                if not (is_former and spelling in self.by_hand):
                    self.aliases[spelling] = {index: AliasKind.STRONG}
                    self.by_hand.add(spelling)
