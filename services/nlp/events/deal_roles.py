"""Roles in deals: acquisitions, sales, joint ventures, contracts and holdings."""

import re
from collections.abc import Iterator

from nlp.events.context import EventContext, FoundRole, NamedPlace, company_roles
from nlp.events.legal_roles import is_regulator

_ACQUIRED_BY = re.compile(
    r"\b(?:(?:to be |be |being |been |was |is )?(?:acquired|bought|purchased|taken over|taken private) by"
    r"|(?:acquisition|takeover|buyout|bid|offer|approach) (?:offer |bid |approach )?(?:by|from)"
    r"|go(?:es|ing)? private\b[^;]{0,40}? with)\s"
)
# Whose part it is stands before the name: "51% stake in Acme", "65% of Acme".
_PART_OF = (
    r"(?:(?:up to |remaining |an? |the |about |its )?[\d.]{1,8}%? ?(?:percent )?(?:stake|interest)?(?: in"
    r"| of)? |(?:remaining |its )?(?:stake|interest) in )?"
)
_ACQUIRES = re.compile(
    r"\b(?:(?:agree[sd]? |offers? |plans? |set |in talks |nears? deal )?to (?:acquire|buy|purchase"
    r"|take over)|acquires?|acquired"
    r"|acquiring|buys|bought|buying|purchases|(?:to )?(?:snap|scoop)(?:s|ped)? up"
    r"|(?:(?:announces?|completes?|closes?(?: on)?|completed) )?(?:the |its )?"
    r"(?:acquisition|takeover|buyout|purchase|pursuit) of|(?:makes? )?(?:(?:takeover|buyout) )?(?:bid|offer) for"
    r"|bids for"
    rf"|(?:to take|takes|taking|took)(?: private|(?=\s[^;]{{2,40}}\bprivate\b)))\s{_PART_OF}"
)
_REJECTS = re.compile(
    r"\b(?:rejects?|rejected|rebuffs?|rebuffed|spurns?|spurned|accepts?|accepted)\s(?=[^;]{3,60}\b(?:bid|offer|approach|proposal)\b)"
)
_OWNED_THING = re.compile(r"'s?\s")
# What stands behind "Acme's" is sold by Acme: "to buy Acme's retail banking operations".
_OWNED = re.compile(r"'s? [a-z]")
_SELLS = re.compile(
    r"\b(?:(?:agree[sd]? |plans? |set |in talks )?to (?:sell|offload|divest|hive off|demerge|separate|split)"
    r"|sells|sold|divests?|divested"
    rf"|offloads|offloaded|hives off|demerges|separates|splits|(?:to )?spins? (?:off|out))"
    rf"\s(?:its |the |off )?{_PART_OF}"
)
_SOLD_TO = re.compile(
    r"\b(?:business|unit|division|subsidiary|operations|arm|segment|brand|plant)\s(?:is |was |being )?sold to\s"
)
_SALE_OF = re.compile(r"\b(?:sale|disposal|spin-?off|divestiture|separation|demerger) of\s")
_SIDE_BY_SIDE = re.compile(r", | and | & |, and | ?[-/] ?")
_MERGER = re.compile(r"\bmerg(?:er|e|es|ed|ing)\b")
_MERGES = re.compile(r"\b(?:to merge|merges|merger|merging|merge)\s(?:agreement |deal )?with\s")
_FROM = re.compile(r"\bfrom\s")
_TO = re.compile(r"\bto\s")
_WINS = re.compile(
    r"\b(?:wins?|won|awarded|receives?|received|secures?|secured|signs?|signed|lands|gets|bags?|bagged"
    r"|inks|scoops?|clinch(?:es|ed)?|to supply)\b"
)
_AWARDS = re.compile(r"\bawards\s")
_ORDERS = re.compile(r"\borders\s(?=(?:up to |another |about )?\d)")
_PUBLIC_CUSTOMER = re.compile(
    r"\b(?:U\.?S\.? )?(?:Navy|Army|Air Force|Space Force|Marine Corps|Coast Guard|Pentagon|NASA|DARPA|DoD|MoD|NATO|NHS"
    r"|Defen[cs]e (?:Department|Ministry)|Department of Defense|Homeland Security)\b"
)
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
    r"|acquires?|unveils|exits?|dissolves?|dumps?|dumped|offloads?|liquidates?|amass(?:es|ed)|divests?)\b"
)
_STAKE = re.compile(r"\s(?:stakes?|holding)\b")


def acquisition_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield acquirer, target and seller; the partners of a merger."""
    if (match := context.search(_ACQUIRED_BY)) is not None:
        yield from context.actor("target", match.start())
        yield from context.after("acquirer", match.end())
    elif (match := context.search(_REJECTS)) is not None:
        yield from context.actor("target", match.start())
        bidders = context.after("acquirer", match.end())
        yield from (role for role in bidders if _OWNED_THING.match(context.folded, role.end))
    elif (match := context.search(_MERGES)) is not None:
        yield from context.actor("partner", match.start())
        yield from context.after("partner", match.end())
    elif (match := context.search(_ACQUIRES)) is not None:
        yield from context.actors("acquirer", match.start())
        targets = list(context.after("target", match.end()))
        owners = [role for role in targets if _OWNED.match(context.folded, role.end)]
        yield from context.after("seller", match.end()) if owners else targets
        if targets and not owners:
            yield from context.owner("seller", targets[0].start)
        if (seller := _FROM.search(context.folded, match.end(), match.end() + 80)) is not None:
            yield from context.after("seller", seller.end())
    elif context.search(_MERGER) is not None and len(merging := _merging(context)) > 1:
        yield from merging
    else:
        yield from divestiture_roles(context)


def _merging(context: EventContext) -> list[FoundRole]:
    """Return the companies listed side by side that are nearest to the merger, without the authority that decides."""
    begin, end = context.clause
    groups: list[list[NamedPlace]] = []
    for name in context.companies:
        if not begin <= name.start < end or is_regulator(context.text[name.start : name.end]):
            continue
        if groups and _SIDE_BY_SIDE.fullmatch(context.text, groups[-1][-1].end, name.start):
            groups[-1].append(name)
        else:
            groups.append([name])
    listed = [group for group in groups if len(group) > 1]
    if not listed:
        return []
    nearest = min(listed, key=lambda group: abs(group[-1].end - context.start))
    return [role for name in nearest[:4] for role in context.linked("partner", name)]


def divestiture_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield seller, target and acquirer."""
    if (match := context.search(_SOLD_TO)) is not None:
        yield from context.actor("seller", match.start())
        yield from context.after("acquirer", match.end())
        return
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
    if (match := context.search(_AWARDS_TO) or context.search(_AWARDS)) is not None:
        yield from context.actor("customer", match.start())
        yield from context.after("company", match.end())
        return
    if (match := context.search(_ORDERS)) is not None:
        yield from context.actor("customer", match.start())
        later = [name for name in context.companies if name.start >= match.end()]
        yield from context.linked("company", later[0] if later else None)
        return
    customers = list(_customers(context))
    company = next(company_roles(context), None)
    if company is None or any(company.start == customer.start for customer in customers):
        won = context.search(_WINS)
        taken = {customer.start for customer in customers}
        others = [name for name in context.companies if name.start not in taken]
        winners = context.linked("company", others[0] if others else None)
        company = next(winners if won is None else context.actor("company", won.start()), None)
    yield from [company] if company is not None else []
    yield from customers


def _customers(context: EventContext) -> Iterator[FoundRole]:
    if (match := context.search(_AWARDED_BY)) is not None:
        yield from context.after("customer", match.end())
    elif (public := _PUBLIC_CUSTOMER.search(context.text, context.start)) is not None:
        yield FoundRole("customer", public.group(), None, public.start(), public.end())


def holding_roles(context: EventContext) -> Iterator[FoundRole]:
    """Yield who holds shares and of which company."""
    held = context.search(_HOLDS)
    filed, trades = context.search(_FILED_FROM), context.search(_TRADES)
    if filed is not None:
        yield from context.after("holder", filed.end())
    elif trades is not None:
        yield from context.actor("holder", trades.start())
    if held is not None:
        yield from context.after("company", held.end())
    elif filed is None and trades is not None and (stake := _STAKE.search(context.folded, trades.end())) is not None:
        yield from (role for role in context.before("company", stake.start()) if role.start >= trades.end())
