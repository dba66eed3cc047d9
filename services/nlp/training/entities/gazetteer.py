"""`mia train gazetteer`: compiles the public lists of companies and the curated names into one versioned artefact."""

import gzip
import json
import re
from datetime import date
from pathlib import Path

from nlp.entities.gazetteer import MARKET_CODES, AliasKind, KnownEntity
from nlp.training.corpora import csv_rows, plain_texts
from nlp.training.entities.company_names import display_name, short_form, without_legal_form
from nlp.training.entities.draft import GazetteerDraft, slug
from nlp.training.entities.headline_names import HeadlineNames, words_in_lower_case, words_of_books
from nlp.training.entities.lower_case_use import seen_in_lower_case
from nlp.training.entities.world_companies import add_world_companies
from nlp.words import word_list

_CURATED = Path(__file__).parent / "curated"
_WORLD = (
    ("organisation", "organisations.txt"),
    ("person", "persons.txt"),
    ("place", "places.txt"),
    ("currency", "currencies.txt"),
    ("commodity", "commodities.txt"),
    ("index", "indices.txt"),
)
# A one-word name of a company smaller than this is trusted only with a second sign.
_KNOWN_RANK = 1_200
_OFTEN = 10
_YOUNG_RANK = 500
_NOT_A_COMPANY = re.compile(r"\b(?:acquisition corp|etf|fund|trust i{1,3}|warrant|spac)\b", re.IGNORECASE)


def _without_share_class(name: str) -> str:
    return name.partition("(")[0].rstrip() if name.endswith(")") else name


def _lines(name: str) -> list[str]:
    return [line for line in (_CURATED / name).read_text(encoding="utf-8").splitlines() if line]


def _add_listed(draft: GazetteerDraft, entities: Path) -> None:
    constituents = {int(row["CIK"]): row for row in csv_rows(entities / "sp500_constituents.csv")}
    for rank, row in enumerate(csv_rows(entities / "sec_company_tickers.csv")):
        cik, ticker, mic = int(row["cik"]), row["ticker"], MARKET_CODES.get(row["exchange"].upper())
        if cik in draft.index_by_cik:
            index = draft.index_by_cik[cik]
            if draft.entities[index].mic == "OTCM" and mic not in {None, "OTCM"}:
                draft.entities[index] = _with_listing(draft.entities[index], ticker, mic)
        else:
            constituent = constituents.get(cik)
            name = _without_share_class(constituent["Security"]) if constituent else display_name(row["name"])
            sector = constituent["GICS Sector"] if constituent else None
            entity = KnownEntity(f"company-{cik}", name, "company", ticker, mic, cik, sector, rank)
            index = draft.index_by_cik[cik] = draft.add(entity)
            _add_names(draft, index, row["name"], name)
        draft.tickers.setdefault(ticker, (index, mic))
    for cik, row in constituents.items():
        if cik not in draft.index_by_cik and row["Symbol"] not in draft.tickers:
            _add_constituent(draft, cik, row)


def _add_constituent(draft: GazetteerDraft, cik: int, row: dict[str, str]) -> None:
    """Add a member of the index that is younger than the list of tickers; its market is in neither list."""
    entity = KnownEntity(
        f"company-{cik}", row["Security"], "company", row["Symbol"], None, cik, row["GICS Sector"], _YOUNG_RANK
    )
    index = draft.index_by_cik[cik] = draft.add(entity)
    draft.tickers[row["Symbol"]] = index, None
    _add_names(draft, index, row["Security"], row["Security"])


def _with_listing(entity: KnownEntity, ticker: str, mic: str | None) -> KnownEntity:
    return KnownEntity(entity.entity_id, entity.name, entity.type, ticker, mic, entity.cik, entity.sector, entity.rank)


def _add_names(draft: GazetteerDraft, index: int, registered: str, shown: str) -> None:
    bare = without_legal_form(registered)
    shown_bare = without_legal_form(shown)
    draft.alias(index, {bare, shown_bare, display_name(registered), shown}, AliasKind.STRONG)
    if not _NOT_A_COMPANY.search(registered):
        shorts = {short for short in (short_form(bare), short_form(shown_bare)) if short and len(short) > 3}
        draft.alias(index, shorts, AliasKind.DERIVED)


def _add_curated(draft: GazetteerDraft) -> int:
    """Add the names written down by hand and return how many companies of them the list no longer has."""
    missing = 0
    for row in csv_rows(_CURATED / "companies.csv"):
        aliases = [alias for alias in row["aliases"].split("|") if alias]
        is_listed = row["listed"] == "yes" and row["ticker"] in draft.tickers
        if is_listed:
            index = draft.tickers[row["ticker"]][0]
            if not row["mic"]:
                market = draft.tickers[row["ticker"]][1]
                draft.entities[index] = _with_listing(draft.entities[index], row["ticker"], market)
        elif row["name"]:
            index = _add_former(draft, row)
            aliases.append(row["name"])
        else:
            missing += 1
            continue
        draft.name_by_hand(index, aliases, is_former=bool(row["until"]))
    return missing


def _add_former(draft: GazetteerDraft, row: dict[str, str]) -> int:
    successor = draft.tickers.get(row["successor"])
    until = date.fromisoformat(row["until"]) if row["until"] else None
    entity = KnownEntity(
        entity_id=f"former-{slug(row['name'])}" if until else f"company-{slug(row['name'])}",
        name=row["name"],
        type="company",
        ticker=row["ticker"],
        mic=row["mic"] or None,
        sector=row["sector"] or None,
        rank=500,
        until=until,
        successor=draft.entities[successor[0]].entity_id if successor else None,
    )
    index = draft.add(entity)
    draft.tickers.setdefault(row["ticker"], (index, entity.mic))
    return index


def _add_world(draft: GazetteerDraft) -> None:
    for kind, file in _WORLD:
        for line in _lines(file):
            names = line.split("|")
            entity = KnownEntity(f"{kind}-{slug(names[0])}", names[0], kind)  # type: ignore[arg-type]
            index = draft.add(entity)
            for name in names:
                for spelling in {name.lower(), name.lower().replace("\u2019", "'")}:
                    draft.aliases[spelling] = {index: AliasKind.STRONG}


def _grade(draft: GazetteerDraft, data: Path) -> dict[str, list[tuple[int, str]]]:
    """Return the aliases with their final kinds: derived ones only where unique, everyday words marked as common."""
    texts = list(plain_texts(data))
    common = seen_in_lower_case(list(draft.aliases), texts)
    # The name of a small company that news uses often means something else most of the time ("Alpha", "Atlantic").
    small = [alias for alias in draft.aliases if " " not in alias and _is_small(draft, alias)]
    common |= seen_in_lower_case(small, (text.lower() for text in texts), _OFTEN)
    by_context = _lines("needs_context.txt")
    rare = {line[1:] for line in by_context if line.startswith("~")}
    common = (common | word_list("given_names") | set(by_context)) - rare
    rare |= {alias for alias in draft.aliases if " " not in alias and alias not in draft.by_hand}
    graded: dict[str, list[tuple[int, str]]] = {}
    for alias, meanings in sorted(draft.aliases.items()):
        known = {index: kind for index, kind in meanings.items() if kind is not AliasKind.DERIVED}
        found = known or (meanings if len(meanings) == 1 else {})
        kept = [
            (index, str(_final_kind(alias, kind, draft.entities[index], alias in common, alias in rare)))
            for index, kind in sorted(found.items(), key=lambda item: draft.entities[item[0]].rank)
            if not (kind is AliasKind.DERIVED and alias in common)
        ]
        if kept:
            graded[alias] = kept[:5]
    return graded


def _is_small(draft: GazetteerDraft, alias: str) -> bool:
    entities = [draft.entities[index] for index in draft.aliases[alias]]
    return all(entity.type == "company" and entity.rank > _KNOWN_RANK for entity in entities)


def _final_kind(alias: str, kind: AliasKind, entity: KnownEntity, is_common: bool, is_rare: bool) -> AliasKind:
    if entity.type != "company":
        return kind
    if is_common or len(alias) < 3:
        return AliasKind.COMMON
    return AliasKind.RARE if is_rare and (entity.rank > _KNOWN_RANK or entity.until is not None) else kind


def build_gazetteer(data: Path, target: Path) -> dict[str, int]:
    """Write the artefact to `target` from the lists under `data` and return its figures; equal input, equal bytes."""
    draft = GazetteerDraft()
    _add_listed(draft, data / "entities")
    missing = _add_curated(draft)
    n_world = add_world_companies(draft)
    _add_world(draft)
    everyday = words_in_lower_case(plain_texts(data)).union(_lines("needs_context.txt"))
    HeadlineNames(draft, everyday, words_of_books(), frozenset(_lines("not_short_names.txt"))).add()
    aliases = _grade(draft, data)
    document = {
        "entities": [_as_row(entity) for entity in draft.entities],
        "aliases": aliases,
        "tickers": dict(sorted(draft.tickers.items())),
    }
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    target.write_bytes(gzip.compress(body, compresslevel=9, mtime=0))
    return {
        "entities": len(draft.entities),
        "aliases": len(aliases),
        "tickers": len(draft.tickers),
        "missing": missing,
        "world": n_world,
    }


def _as_row(entity: KnownEntity) -> list[str | int | None]:
    until = None if entity.until is None else entity.until.isoformat()
    return [
        entity.entity_id, entity.name, entity.type, entity.ticker, entity.mic, entity.cik, entity.sector, entity.rank,
        until, entity.successor,
    ]  # fmt: skip
