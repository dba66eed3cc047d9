"""Where the names of linked entities begin and end, settled between the gazetteer's matches and the tagger's names."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from common.contracts import EntityType, TextField
from nlp.entities.corroboration import (
    TextCase,
    has_business_word,
    is_company_here,
    is_firm_here,
    is_listed_with,
    text_case,
)
from nlp.entities.gazetteer import AliasKind, Gazetteer, KnownEntity, fold
from nlp.entities.linking import LinkedEntity, Mention
from nlp.entities.tagging.labels import NamedSpan, NameKind
from nlp.words import word_list

TYPE_OF_KIND: Mapping[NameKind, EntityType] = {"ORG": "organisation", "PER": "person", "LOC": "place"}
_ORGANISATIONS = frozenset(("company", "organisation"))
_NAMED = _ORGANISATIONS | {"person", "place"}
_TRUSTED = frozenset((AliasKind.STRONG, AliasKind.USER))
_LEGAL_FORMS = word_list("legal_forms")
_WORD = re.compile(r"[^\W_]+")
# Words that go on with the name of a firm.
_TRADES = word_list("generic_company_words") | {"asset", "mines"}
_NEXT_WORD = re.compile(r" ([A-Z]\w+)")
_SHORTEST_BEGINNING = 4
LARGE = 2_000
"""By size in the list of companies: beyond it everyday words are rarely the firm ("Power and Energy segment")."""


class _Match(NamedTuple):
    """A mention that the gazetteer found, and how far its alias can be trusted."""

    entity: LinkedEntity
    mention: Mention
    kind: AliasKind
    is_in_list: bool = False

    @property
    def key(self) -> tuple[str, Mention]:
        """Return the identifier of the entity, and the mention."""
        return self.entity.entity.entity_id, self.mention

    @property
    def is_sure(self) -> bool:
        """Say whether the alias stands for the entity without a second sign."""
        return self.entity.entity.type == "organisation" or self.kind in _TRUSTED


def around(names: Sequence[NamedSpan], starts: Sequence[int], mention: Mention) -> NamedSpan | None:
    """Return the first of the tagger's `names`, which begin at `starts`, that overlaps the mention."""
    first = max(0, bisect_right(starts, mention.start) - 1)
    for span in names[first : first + 2]:
        if span.start < mention.end and span.end > mention.start:
            return span
    return None


def settle_borders(
    field: TextField,
    text: str,
    names: Sequence[NamedSpan],
    linked: Sequence[LinkedEntity],
    gazetteer: Gazetteer,
    *,
    surnames: frozenset[str] = frozenset(),
    reads_headlines: bool = False,
) -> None:
    """Move the mentions in one field to the borders of the names around them, and drop those that are no names here.

    Notes
    -----
    Marked tickers stay as they are. `surnames` are those of people whom the article names in full. A common word that
    the tagger takes for no name is dropped where only its capital spoke for it: in sentences, and in headlines if the
    tagger reads those.
    """
    starts = [span.start for span in names]
    is_headline = text_case(text) is not TextCase.SENTENCE
    # "Abbott Raises Dividend": in a headline even a tagger that reads context takes some firms for people.
    known_surnames = None if reads_headlines and not is_headline else surnames
    groups: dict[NamedSpan, list[_Match]] = {}
    settled: dict[tuple[str, Mention], Mention | None] = {}
    for match in _matches(field, text, linked, gazetteer):
        span = around(names, starts, match.mention)
        if _goes_on(match, text) or _is_a_persons(match, span, known_surnames, text):
            settled[match.key] = None
        elif span is not None:
            groups.setdefault(span, []).append(match)
        elif _is_no_name(match, field, text, is_headline=is_headline, reads_headlines=reads_headlines):
            settled[match.key] = None
    for span, matches in groups.items():
        for match, borders in _settle(span, matches, text, is_headline=is_headline):
            settled[match.key] = borders
    for one in linked:
        moved = [settled.get((one.entity.entity_id, mention), mention) for mention in one.mentions]
        one.mentions[:] = [mention for mention in moved if mention is not None]


def _matches(field: TextField, text: str, linked: Sequence[LinkedEntity], gazetteer: Gazetteer) -> Iterator[_Match]:
    """Yield every mention in the field that is no marked ticker."""
    companies = [
        (mention.start, mention.end)
        for one in linked
        if one.entity.type == "company"
        for mention in one.mentions
        if mention.field == field
    ]
    for one in linked:
        for mention in one.mentions:
            if mention.field != field or mention in one.marks:
                continue
            kind = _alias_kind(gazetteer, one.entity, mention.text)
            is_in_list = kind is AliasKind.COMMON and is_listed_with(
                text, mention.start, mention.end, companies, TextCase.TITLE
            )
            yield _Match(one, mention, kind, is_in_list)


def _is_no_name(match: _Match, field: TextField, text: str, *, is_headline: bool, reads_headlines: bool) -> bool:
    """Say whether an alias that the tagger takes for no name is none, for all that speaks for it."""
    if reads_headlines:
        is_known = match.entity.is_marked or match.entity.is_given or match.is_in_list
        if is_known or is_firm_here(text, match.mention.start, match.mention.end):
            return False
        return match.kind is AliasKind.COMMON or (match.kind is AliasKind.RARE and not _has_sign(match, text))
    if match.kind is not AliasKind.COMMON or is_headline or _has_sign(match, text):
        return False
    return field != "title" or not _is_in_business_news(match, text)


def _alias_kind(gazetteer: Gazetteer, entity: KnownEntity, alias: str) -> AliasKind:
    for candidate in gazetteer.aliases.get(fold(alias), ()):
        if candidate.entity.entity_id == entity.entity_id:
            return candidate.kind
    return AliasKind.STRONG


def _settle(
    span: NamedSpan, matches: Sequence[_Match], text: str, *, is_headline: bool
) -> list[tuple[_Match, Mention | None]]:
    """Return each match under one of the tagger's names with what becomes of it."""
    sure = [match for match in matches if match.is_sure and match.entity.entity.type in _ORGANISATIONS]
    if len(sure) > 1:
        # The tagger took several names for one: "Barrick Gold And Newmont Mining".
        return [(match, match.mention if match in sure else None) for match in matches]
    by_size = sorted(matches, key=lambda match: match.mention.start - match.mention.end)
    holder = next((match for match in by_size if _may_bear(match, span, text, is_headline=is_headline)), None)
    settled: list[tuple[_Match, Mention | None]] = []
    for match in matches:
        is_inside = span.end - span.start > match.mention.end - match.mention.start
        if match is holder:
            settled.append((match, _widened(match, span, text, is_headline=is_headline)))
        elif is_inside or match.entity.entity.type in _NAMED:
            settled.append((match, None))
        else:
            settled.append((match, match.mention))
    return settled


def _may_bear(match: _Match, span: NamedSpan, text: str, *, is_headline: bool) -> bool:
    """Say whether the name at `span` may be that of the matched entity."""
    mention, kind = match.mention, match.entity.entity.type
    if kind not in _ORGANISATIONS:
        return TYPE_OF_KIND[span.kind] == kind
    is_covered = mention.start <= span.start and mention.end >= span.end
    is_longer = mention.end - mention.start > span.end - span.start
    if is_covered and (match.is_sure or is_headline or is_longer or _has_sign(match, text)):
        return True
    return span.kind == "ORG" and (match.is_sure or _is_own(match, text[span.start : span.end]))


def _has_sign(match: _Match, text: str) -> bool:
    """Say whether something besides its capital tells that the alias is a company here."""
    if match.entity.is_marked or match.entity.is_given or match.is_in_list:
        return True
    # In a title a capital proves nothing, so that only the signs are asked for.
    return is_company_here(text, match.mention.start, match.mention.end, TextCase.TITLE)


def _is_a_persons(match: _Match, span: NamedSpan | None, surnames: frozenset[str] | None, text: str) -> bool:
    """Say whether the alias is a person's surname: "Abbott" beside "Tony Abbott".

    Parameters
    ----------
    surnames : those of people whom the article names in full; None takes the tagger's word for every single name
    """
    if span is None or span.kind != "PER":
        return False
    name = match.mention.text
    if " " in name or not (surnames is None or name in surnames):
        return False
    is_firm = match.entity.is_marked or is_firm_here(text, match.mention.start, match.mention.end)
    return match.entity.entity.type in _ORGANISATIONS and not is_firm


def _is_in_business_news(match: _Match, text: str) -> bool:
    """Say whether a short text on business writes a larger company's alias as a name: no figure, no mere letters."""
    alias = match.mention.text
    is_large = match.entity.entity.rank <= LARGE
    return is_large and alias[0].isupper() and not alias.isupper() and has_business_word(text)


def _is_own(match: _Match, name: str) -> bool:
    """Say whether `name` is written in the entity's own words: "Ivanhoe Mines" is not Ivanhoe Electric."""
    own = {*_WORD.findall(fold(match.entity.entity.name)), *_WORD.findall(fold(match.mention.text))}
    return all(
        word in own
        or word in _LEGAL_FORMS
        or (len(word) >= _SHORTEST_BEGINNING and any(each.startswith(word) for each in own))
        for word in _WORD.findall(fold(name))
    )


def _goes_on(match: _Match, text: str) -> bool:
    """Say whether a short alias is only the beginning of another firm's name: "Gryphon Gold", "GAP-107B8"."""
    if match.is_sure or match.entity.entity.type != "company":
        return False
    end = match.mention.end
    following = _NEXT_WORD.match(text, end)
    if following is not None and following[1].lower() in _TRADES:
        return not _is_own(match, following[1])
    return text[end : end + 1] == "-" and text[end + 1 : end + 2].isdigit()


def _widened(match: _Match, span: NamedSpan, text: str, *, is_headline: bool) -> Mention:
    """Return the mention with the rest of its name; in a headline only with its own words."""
    mention = match.mention
    begin, end = min(span.start, mention.start), max(span.end, mention.end)
    if text[span.end : end] == ".":
        # "bought Morningstar Inc." closes the sentence.
        end = span.end
    if is_headline and not _is_own(match, text[begin:end]):
        begin = mention.start
        if not _is_own(match, text[begin:end]):
            end = mention.end
    return Mention(mention.field, begin, end, text[begin:end])
