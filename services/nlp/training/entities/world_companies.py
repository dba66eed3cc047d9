"""Large companies listed outside the United States, from `curated/world_companies.csv`.

A row states facts: name, symbol and market (ISO 10383) at home, sector, the American symbol where there is one, other
names. A company that the SEC's list holds keeps its entity and gains names and the listing at home. One that it does
not hold becomes an entity: under its American receipt's symbol where a row gives one, because symbols of other
exchanges are often another company's in New York ("RR" is Richtech Robotics), and what follows knows symbols only.
"""

from dataclasses import replace
from pathlib import Path

from nlp.entities.gazetteer import AliasKind, KnownEntity, listing
from nlp.training.corpora import csv_rows
from nlp.training.entities.company_names import spellings
from nlp.training.entities.draft import GazetteerDraft, slug

FILE = Path(__file__).parent / "curated" / "world_companies.csv"
_OTC = "OTCM"
# The list puts companies that New York trades over the counter last, whatever their size at home.
_RANK = 500
_LONGEST_LETTERS = 4
# Headlines write the symbols of American companies of this size.
_WRITTEN_RANK = 2_000


def add_world_companies(draft: GazetteerDraft) -> int:
    """Add the companies to a draft that holds the American ones, and return how many are new.

    Raises
    ------
    ValueError
        When a symbol would stand for another company too.
    """
    n_before = len(draft.entities)
    for row in csv_rows(FILE):
        known = draft.tickers.get(row["us_ticker"])
        index = _new(draft, row) if known is None else known[0]
        draft.entities[index] = replace(draft.entities[index], rank=min(_RANK, draft.entities[index].rank))
        draft.tickers[listing(row["mic"], row["ticker"])] = index, row["mic"]
        aliases = [alias for alias in row["aliases"].split("|") if alias and not _is_another(draft, index, alias)]
        _name(draft, index, [row["name"], *aliases])
    return len(draft.entities) - n_before


def _new(draft: GazetteerDraft, row: dict[str, str]) -> int:
    ticker, mic = (row["us_ticker"], _OTC) if row["us_ticker"] else (row["ticker"], row["mic"])
    if ticker in draft.tickers:
        raise ValueError(f"{ticker} of {row['name']} is {draft.entities[draft.tickers[ticker][0]].name} already.")
    index = draft.add(
        KnownEntity(
            f"company-{slug(row['name'])}", row["name"], "company", ticker, mic, None, row["sector"] or None, _RANK
        )
    )
    if row["us_ticker"]:
        draft.tickers[ticker] = index, mic
    return index


def _are_letters(name: str) -> bool:
    """Say whether a name is letters; they need capitals or a sign beside them, as "NAB" is a bank and "Nab" a verb."""
    return name.isalpha() and name.isupper() and len(name) <= _LONGEST_LETTERS


def _is_another(draft: GazetteerDraft, index: int, alias: str) -> bool:
    """Say whether letters are another company's symbol in New York: "IAG" is Iamgold."""
    other = draft.tickers.get(alias, (index, None))[0]
    return _are_letters(alias) and other != index and draft.entities[other].rank < _WRITTEN_RANK


def _name(draft: GazetteerDraft, index: int, names: list[str]) -> None:
    """Let the company bear the names, beside smaller ones that do; what is named by hand already stays so."""
    named = set[str]()
    for name in names:
        kind = AliasKind.COMMON if _are_letters(name) else AliasKind.STRONG
        for form in spellings(name) - draft.by_hand:
            draft.aliases.setdefault(form, {})[index] = kind
            named.add(form)
    draft.by_hand |= named
