"""Roles in an event: assigned by the words around its trigger, and linked to the entities already found."""

import re
from collections.abc import Callable, Iterator

from nlp.events.context import EventContext, FoundRole, company_roles
from nlp.events.deal_roles import acquisition_roles, contract_roles, divestiture_roles, holding_roles, partner_roles
from nlp.events.legal_roles import credit_rating_roles, decision_roles, lawsuit_roles, settlement_roles
from nlp.events.ratings import ratings
from nlp.words import phrase_list, word_list

_RATES = re.compile(
    r"\b(?:maintain(?:s|ed)?|retain(?:s|ed)|reiterat(?:es|ed)|reaffirm(?:s|ed)|affirm(?:s|ed)|keeps|kept|upgrad(?:es|ed|ing)|downgrad(?:es|ed|ing)|initiat(?:es"
    r"|ed)|opens|starts|started"
    r"|resum(?:es|ed)|assum(?:es|ed)|reinstat(?:es|ed)|begins|raises?|raised|lowers?|lowered|cuts?|ups"
    r"|increases?|increased"
    r"|reduces?|reduced|hikes?|hiked|boosts?|boosted|lifts?|lifted|trims?|trimmed|slashe[sd])\b"
)
_PASSIVE = re.compile(r"\s(?:to|by|at|from|on|with|as)\b")
_BY = re.compile(r"\b(?:by|at)\s(?!(?:buy|hold|sell|neutral|over|under|out|equal|market|sector|\$))")
_RATED = re.compile(r"[^,;]{0,45}?\b(?:on|of|for)\s")
_RATING_WORD = re.compile(
    r"\s(?:buy|hold|sell|neutral|(?:over|under|out|equal|market|sector)[\w-]*|coverage|rating|price|pt|po"
    r"|target|strong|conviction|accumulate|perform|mp|peer|industry|top|to|at|its)\b"
)
_CHIEF = (
    r"chief (?:executive|financial|operating|technology|information|marketing|commercial|legal|scientific|medical"
    r"|accounting|investment|risk|strategy|economist|[a-z]{2,14}(?= officer))(?: officer)?"
)
_POSITION = re.compile(
    rf"\b(?:(?:interim|acting|vice|executive|senior|non-executive|exec) ){{0,5}}"
    rf"(?:{_CHIEF}|(?:finance|operations) chief"
    r"|ceo|cfo|coo|cto|cio|cmo"
    r"|president|boss|chair(?:man|woman|person)?|director|general counsel|evp|svp|vp|managing director"
    r"|head of [a-z]{3,12}|founder)"
    rf"(?:(?: and |, | & |/)(?:ceo|cfo|coo|president|chair(?:man|woman)?|{_CHIEF}))?\b"
)
_PERSON = re.compile(
    r"[A-Z][a-z\u00e0-\u00ff'\u2019-]{1,20}(?:\s[A-Z]\.?)?(?:\s(?:de|van|von|la|le|del"
    r"|di))?\s[A-Z][A-Za-z\u00e0-\u00ff'\u2019-]{1,20}(?:\s(?:Jr|Sr|II|III)\b\.?)?"
)
_TRADING_IN = re.compile(r"\b(?:trading (?:in|of)|delists?|delisting of)\s")
_ADDS = re.compile(r"\b(?:to add|adds|to include|includes)\s")
_CAPITAL = re.compile(r"(?<![\w'\u2019-])[A-Z]")
_NEWS_AGENCIES = phrase_list("news_agencies")
_NOT_A_PERSON = word_list("not_persons")
_NAMES = re.compile(
    r"\b(?:appoint(?:s|ed|ment of)?|names|named|hires|hired|elects|elected|taps|promotes|promoted|welcomes|announces)\b"
)


def _analyst(context: EventContext) -> Iterator[FoundRole]:
    verb = context.search(_RATES)
    if verb is None:
        yield from context.linked("company", context.nearest_company())
        return
    if verb.group().endswith(("ed", "cut")) and _PASSIVE.match(context.folded, verb.end()):
        yield from context.actor("company", verb.start())
        if (by := _BY.search(context.folded, verb.end())) is not None:
            yield from context.after("broker", by.end())
        return
    known = [name for name in context.names if name.is_broker and context.clause[0] <= name.start < verb.start()]
    # "UBS out cautious on Acme; maintains Neutral": who opens a headline speaks in its later clauses too.
    known = known or [name for name in context.names if name.is_broker and name.end <= context.clause[0]]
    brokers = list(context.linked("broker", known[0]) if known else context.before("broker", verb.start()))
    yield from brokers
    taken = {role.start for role in brokers}
    later = [name for name in context.companies if name.start >= verb.end()]
    if later:
        yield from context.linked("company", later[0])
        return
    earlier = [
        name
        for name in context.companies
        if name.start not in taken and not name.is_broker and context.clause[0] <= name.start < verb.start()
    ]
    if earlier:
        yield from context.linked("company", earlier[0])
        return
    rated = _RATED.match(context.folded, verb.end())
    position = rated.end() if rated else verb.end()
    named = (
        []
        if rated is None and _RATING_WORD.match(context.folded, position)
        else list(context.after("company", position))
    )
    if not named:
        others = [name for name in context.companies if name.start not in taken]
        named = list(context.linked("company", others[0] if others else None))
    yield from named


def _rated(context: EventContext) -> Iterator[FoundRole]:
    yield from _analyst(context)
    yield from ratings(context)


def _trading(context: EventContext) -> Iterator[FoundRole]:
    """Yield whose trading is stopped: an exchange that stops it is named before."""
    named = [] if (match := context.search(_TRADING_IN)) is None else list(context.after("company", match.end()))
    yield from named or company_roles(context)


def _index_change(context: EventContext) -> Iterator[FoundRole]:
    """Yield who joins or leaves an index: "S&P 500 to add Acme, Widget"."""
    added = context.search(_ADDS)
    named = [] if added is None else list(context.all_after("company", added.end()))
    yield from named or company_roles(context)


def _executive(context: EventContext) -> Iterator[FoundRole]:
    position = _POSITION.search(context.folded, max(0, context.start - 40))
    person = next(_people(context), None)
    company = context.nearest_company() or context.earlier_company()
    if company is not None:
        yield from context.linked("company", company)
    elif (names := context.search(_NAMES)) is not None:
        yield from (
            role for role in context.before("company", names.start()) if person is None or role.start != person.start
        )
    if person is not None:
        yield person
    if position is not None:
        yield FoundRole("position", context.text[slice(*position.span())], None, *position.span())


def _people(context: EventContext) -> Iterator[FoundRole]:
    for name in context.names:
        if name.type == "person" and _NOT_A_PERSON.isdisjoint(name.name.lower().split()):
            yield FoundRole("person", name.name, name.ticker, name.start, name.end)
    begin, end = context.clause
    for word in _CAPITAL.finditer(context.text, begin, end):
        match = _PERSON.match(context.text, word.start())
        if match is None or any(name.start < match.end() and name.end > match.start() for name in context.names):
            continue
        words = re.split(r"[\s.]+", match.group().lower())
        if _NOT_A_PERSON.isdisjoint(words) and _is_near_a_position(context, match):
            yield FoundRole("person", match.group(), None, *match.span())


def _is_near_a_position(context: EventContext, match: re.Match[str]) -> bool:
    around = context.folded[max(0, match.start() - 30) : match.end() + 40]
    return _POSITION.search(around) is not None


_RULES: dict[str, Callable[[EventContext], Iterator[FoundRole]]] = {
    **dict.fromkeys(("price_target_raised", "price_target_cut"), _analyst),
    **dict.fromkeys(("analyst_upgrade", "analyst_downgrade", "analyst_initiation", "analyst_reiteration"), _rated),
    **dict.fromkeys(("regulatory_approval", "regulatory_rejection", "investigation"), decision_roles),
    **dict.fromkeys(("executive_appointment", "executive_departure"), _executive),
    "merger_or_acquisition": acquisition_roles,
    "divestiture": divestiture_roles,
    "lawsuit": lawsuit_roles,
    "legal_settlement": settlement_roles,
    "credit_rating_change": credit_rating_roles,
    "contract_award": contract_roles,
    **dict.fromkeys(("trading_halt", "delisting"), _trading),
    "index_change": _index_change,
    "joint_venture": partner_roles,
    "insider_or_holder_trade": holding_roles,
}
_WITHOUT = frozenset(("monetary_policy", "economic_data", "tariff_or_sanction", "high_52_week", "low_52_week"))


def roles_of(event_type: str, context: EventContext) -> list[FoundRole]:
    """Return the parts of one event, each place once; possibly none."""
    if event_type in _WITHOUT:
        return []
    found: dict[int, FoundRole] = {}
    for role in _RULES.get(event_type, company_roles)(context):
        if role.role == "broker" and role.name.lower().removesuffix("'s") in _NEWS_AGENCIES:
            continue
        found.setdefault(role.start, role)
    return list(found.values())
