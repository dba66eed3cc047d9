"""Resolution of a name or symbol given alone: which entities it may mean, and whether that is clear."""

from dataclasses import dataclass

from nlp.entities.gazetteer import AliasKind, Candidate, Gazetteer, KnownEntity, fold, listing
from nlp.entities.ticker_marks import find_ticker_marks

_CONFIDENCE = {
    AliasKind.USER: 1.0,
    AliasKind.STRONG: 0.95,
    AliasKind.DERIVED: 0.85,
    AliasKind.RARE: 0.75,
    AliasKind.COMMON: 0.6,
}
_TICKER_CONFIDENCE = 0.9
_CLEAR_MARGIN = 4.0
_LEGAL_FORMS = (
    " inc",
    " corp",
    " corporation",
    " co",
    " company",
    " ltd",
    " limited",
    " plc",
    " ag",
    " sa",
    " nv",
    " llc",
)
_MAX_CANDIDATES = 10


@dataclass(frozen=True, slots=True)
class ResolvedCandidate:
    """A meaning of a name: `confidence` in [0, 1] is that of the alias, before any context."""

    entity: KnownEntity
    confidence: float


@dataclass(frozen=True, slots=True)
class Resolution:
    """The meanings of a name, the likeliest first; `is_ambiguous` when none stands out."""

    candidates: tuple[ResolvedCandidate, ...]
    is_ambiguous: bool


def _spellings(name: str) -> list[str]:
    """Return the name folded, and again without punctuation at the end and legal forms."""
    folded = " ".join(fold(name).split())
    found = [folded]
    bare = folded.rstrip(" .,")
    found += [bare[: -len(form)].rstrip(" .,") for form in _LEGAL_FORMS if bare.endswith(form)]
    if bare.startswith("the "):
        found.append(bare[4:])
    found.append(bare)
    found.append(bare.removesuffix("'s"))
    return found


def _by_alias(gazetteer: Gazetteer, name: str) -> tuple[Candidate, ...]:
    for spelling in _spellings(name):
        found = gazetteer.aliases.get(spelling)
        if found:
            return found
    return ()


def _symbol(name: str, gazetteer: Gazetteer) -> str:
    """Return the key in `Gazetteer.tickers` that `name` is if it is a symbol: "$AAPL", "NASDAQ: AAPL", "LON: RR"."""
    for mark in find_ticker_marks(name, ()):
        if mark.mic is not None and mark.end == len(name):
            abroad = listing(mark.mic, mark.ticker)
            market = gazetteer.tickers.get(mark.ticker, (None, None))[1]
            return abroad if abroad in gazetteer.tickers or market != mark.mic else mark.ticker
    return name.lstrip("$")


def resolve(gazetteer: Gazetteer, name: str) -> Resolution:
    """Return what `name` may mean: by its aliases, and by its ticker when it is written as one."""
    found = {
        candidate.entity.entity_id: ResolvedCandidate(candidate.entity, _CONFIDENCE[candidate.kind])
        for candidate in _by_alias(gazetteer, name)
    }
    symbol = _symbol(name.strip(), gazetteer)
    if symbol.upper() == symbol and symbol in gazetteer.tickers:
        entity = gazetteer.tickers[symbol][0]
        found.setdefault(entity.entity_id, ResolvedCandidate(entity, _TICKER_CONFIDENCE))
    ranked = sorted(found.values(), key=lambda one: (-one.confidence, one.entity.rank))[:_MAX_CANDIDATES]
    return Resolution(tuple(ranked), _is_ambiguous(ranked))


def _is_ambiguous(ranked: list[ResolvedCandidate]) -> bool:
    if not ranked:
        return False
    if len(ranked) == 1:
        return ranked[0].confidence <= _CONFIDENCE[AliasKind.COMMON]
    first, second = ranked[0], ranked[1]
    stands_out = (second.entity.rank + 10) >= _CLEAR_MARGIN * (first.entity.rank + 10)
    return not stands_out and first.confidence - second.confidence < 0.1
