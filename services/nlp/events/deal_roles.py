"""Roles in deals: acquisitions, sales, joint ventures, contracts and holdings."""

import re
from collections.abc import Iterator

from nlp.events.context import EventContext, FoundRole, company_roles

_ACQUIRED_BY = re.compile(
    r"\b(?:(?:to be |be |being |been |was |is )?(?:acquired|bought|purchased|taken over|taken private) by"
    r"|(?:acquisition|takeover|buyout|bid|offer|approach) (?:offer |bid |approach )?(?:by|from))\s"
)
_ACQUIRES = re.compile(
    r"\b(?:(?:agree[sd]? |offers? |plans? |set |in talks |nears? deal )?to (?:acquire|buy|purchase"
    r"|take over)|acquires?|acquired"
    r"|acquiring|buys|bought|buying|purchases|(?:(?:announces?|completes?|closes?(?: on)?|completed) )?(?:the |its )?"
    r"(?:acquisition|takeover|buyout|purchase) of|(?:makes? )?(?:(?:takeover|buyout) )?(?:bid|offer) for|bids for)\s"
    r"(?:(?:up to |remaining |an? |the |about )?[\d.]{1,8}%? ?(?:percent )?(?:stake|interest)?(?: in"
    r"| of)? |(?:stake|interest) in )?"
)
_SELLS = re.compile(
    r"\b(?:(?:agree[sd]? |plans? |set |in talks )?to sell|sells|sold|divests?|divested|spins off"
    r"|to spin off)\s(?:its |the |off )?"
)
_SALE_OF = re.compile(r"\b(?:sale|disposal|spin-?off|divestiture) of\s")
_MERGES = re.compile(r"\b(?:to merge|merges|merger|merging|merge)\s(?:agreement |deal )?with\s")
_FROM = re.compile(r"\bfrom\s")
_TO = re.compile(r"\bto\s")
_AWARDED_BY = re.compile(
    r"\b(?:contracts?|orders?|deal|agreement)\b[^,;]{0,40}?\b(?:from|with|by)\s|\b(?:selected|awarded[^,;]{0,30}) by\s"
)
_AWARDS_TO = re.compile(r"\bawards\b[^;]{0,50}?\bto\s")
_PARTNERS_WITH = re.compile(r"\b(?:with|between)\s")
_HOLDS = re.compile(
    r"\b(?:stakes?|interest|holding) (?:in|of)\s|\b(?:filing|filed|13[dfg](?:/a)?) (?:from|by) [^;]{3,50}? on\s"
)
_FILED_FROM = re.compile(r"\b(?:filing|filed|form 4|13[dfg](?:/a)?) (?:from|by)\s")
_TRADES = re.compile(
    r"\b(?:raises?|raised|cuts?|trims?|takes?|took|boosts?|discloses?|reports?|builds?|sells?|buys?"
    r"|acquires?|unveils|exits?)\b"
)


def acquisition_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield acquirer, target and seller; the partners of a merger."""
    if (match := context.search(_ACQUIRED_BY)) is not None:
        yield from context.actor("target", match.start())
        yield from context.after("acquirer", match.end())
    elif (match := context.search(_MERGES)) is not None:
        yield from context.actor("partner", match.start())
        yield from context.after("partner", match.end())
    elif (match := context.search(_ACQUIRES)) is not None:
        yield from context.actor("acquirer", match.start())
        yield from context.after("target", match.end())
        if (seller := _FROM.search(context.folded, match.end(), match.end() + 80)) is not None:
            yield from context.after("seller", seller.end())
    else:
        yield from divestiture_roles(context)


def divestiture_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield seller, target and acquirer."""
    match = context.search(_SELLS) or context.search(_SALE_OF)
    if match is None:
        yield from company_roles(context)
        return
    yield from context.actor("seller", match.start())
    yield from context.after("target", match.end())
    if (buyer := _TO.search(context.folded, match.end(), match.end() + 90)) is not None:
        yield from context.after("acquirer", buyer.end())


def partner_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield who works together."""
    companies = context.companies[:4]
    for name in companies:
        yield from context.linked("partner", name)
    if len(companies) < 2:
        if not companies:
            yield from context.actor("partner", context.start)
        if (match := _PARTNERS_WITH.search(context.folded, context.start)) is not None:
            yield from context.after("partner", match.end())


def contract_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield who wins a contract and who gives it."""
    if (match := context.search(_AWARDS_TO)) is not None:
        yield from context.actor("customer", match.start())
        yield from context.after("company", match.end())
        return
    yield from company_roles(context)
    if (match := context.search(_AWARDED_BY)) is not None:
        yield from context.after("customer", match.end())


def holding_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield who holds shares and of which company."""
    held = context.search(_HOLDS)
    if (filed := context.search(_FILED_FROM)) is not None:
        yield from context.after("holder", filed.end())
    elif (trades := context.search(_TRADES)) is not None:
        yield from context.actor("holder", trades.start())
    if held is not None:
        yield from context.after("company", held.end())
