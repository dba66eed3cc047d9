"""Roles in events of courts, regulators and rating agencies."""

import re
from collections.abc import Iterator

from nlp.events.context import EventContext, FoundRole

_SUED_BY = re.compile(r"\b(?:is |was |being |gets )?sued by\s")
_SUES = re.compile(r"\b(?:sues|sued|suing|sue)\s")
_FILES = re.compile(
    r"\b(?:files?|filed|brings?|brought|launches)\b(?=[^.;]{0,40}\b(?:suit|lawsuit|complaint|class action|charges)\b)"
)
_AGAINST = re.compile(r"\bagainst\s")
_FINES = re.compile(r"\bfines\s|\borders\s(?=[^;]{2,40}\bto pay\b)")
_FACES = re.compile(
    r"\b(?:faces|facing|hit with|slapped with|loses|wins|appeals|fights|ordered to pay|must pay|will pay"
    r"|settles?|settled|to settle|to pay|pays|fined|agrees to pay|named in)\b"
)
_REGULATOR = re.compile(
    r"\b(?:U\.?S\.? )?(?:FDA|EMA|SEC|DOJ|FTC|FCC|CFTC|CFPB|FAA|EPA|NHTSA|OSHA|FINRA|FERC|OCC|FDIC|FCA|CMA"
    r"|MHRA|SEBI|CCI|BaFin|NMPA|USFDA|Fed(?:eral Reserve)?"
    r"|Justice (?:Department|Dept\.?)|Department of Justice|European Commission|EU"
    r"|Health Canada|Federal Trade Commission|Food and Drug Administration|Securities and Exchange Commission"
    r"|(?:[Aa]ntitrust |EU )?[Rr]egulators?)\b"
)
_AGENCY = re.compile(r"\b(?:Moody's|Moody\u2019s|Fitch|S&P|Standard (?:&|and) Poor's|DBRS)")


def lawsuit_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield plaintiff and defendant."""
    if (match := context.search(_SUED_BY)) is not None:
        yield from context.actor("defendant", match.start())
        yield from context.after("plaintiff", match.end())
    elif (match := context.search(_SUES)) is not None:
        yield from context.actor("plaintiff", match.start())
        yield from context.all_after("defendant", match.end())
    elif (match := context.search(_AGAINST)) is not None:
        if (files := context.search(_FILES)) is not None:
            yield from context.actor("plaintiff", files.start())
        yield from context.all_after("defendant", match.end())
    elif (match := context.search(_FACES)) is not None:
        yield from context.actor("defendant", match.start())
    else:
        yield from context.linked("company", context.nearest_company())


def settlement_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield who pays, and the regulator when one is named."""
    regulators = list(_regulator(context))
    yield from regulators
    if (match := context.search(_FINES)) is not None:
        yield from context.after("defendant", match.end())
    elif (match := context.search(_FACES)) is not None:
        yield from context.actor("defendant", match.start())
    else:
        yield from context.linked("company", context.nearest_company())


def is_regulator(name: str) -> bool:
    """Say whether a name is an authority's."""
    return _REGULATOR.fullmatch(name) is not None


def _regulator(context: EventContext) -> Iterator[FoundRole]:
    if (match := _REGULATOR.search(context.text)) is not None:
        yield FoundRole("regulator", match.group(), None, match.start(), match.end())


def decision_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield the regulator and whom it decides on."""
    regulators = list(_regulator(context))
    yield from regulators
    company = context.nearest_company()
    if company is not None and all(company.end <= role.start or company.start >= role.end for role in regulators):
        yield from context.linked("company", company)


def credit_rating_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield the rating agency and whom it rates."""
    agency = _AGENCY.search(context.text)
    if agency is not None:
        yield FoundRole("rating_agency", agency.group(), None, agency.start(), agency.end())
    others = [
        name for name in context.companies if agency is None or name.end <= agency.start() or name.start >= agency.end()
    ]
    yield from context.linked("company", others[0] if others else None)
