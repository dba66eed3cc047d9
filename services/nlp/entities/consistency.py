"""One name, one kind: an article that says "Tony Abbott" once means him by "Abbott", and "Doxim Inc" is Doxim too.

The tagger judges every place by itself. Here the places of one article are settled together: a surname is the person's,
a name takes the kind that most of its places have, and an organisation is found wherever its name stands.
"""

import re
from collections import Counter
from collections.abc import Sequence

from nlp.entities.tagging.labels import NamedSpan, NameKind
from nlp.words import word_list

_WORD = re.compile(r"[^\W_]+(?:['\u2019.&-][^\W_]+)*")
_FORMS = word_list("legal_forms") | word_list("generic_company_words")
_NEVER_ALONE = word_list("not_names_alone") | word_list("calendar") | word_list("sentence_openers")
# Two words and perhaps an initial: of three the last is often a firm that follows ("Ivan Glasenberg Glencore").
_FULL_NAME = re.compile(r"[A-Z][\w'\u2019-]+ (?:[A-Z]\.? )?([A-Z][\w'\u2019-]+)")
_BEGINS_ON = re.compile(r" [A-Z]")
_ENDS_BEFORE = re.compile(r"(?<![.!?\"\u201d] )\b[A-Z][\w'\u2019-]{0,39} $")
# A name that is taken for an organisation more often than this for each full name is none's surname.
_ORGS_A_PERSON = 3
_SHORTEST = 3
_MOST_NAMES = 60


def settle_kinds(texts: Sequence[str], names: Sequence[Sequence[NamedSpan]]) -> list[list[NamedSpan]]:
    """Return the names of each field of one article with their kinds settled, and organisations wherever they stand.

    Parameters
    ----------
    texts : the fields
    names : what the tagger finds in each, in order
    """
    counts = _counted(texts, names)
    surnames = _surnames(counts)
    settled = {name: kind for name, kinds in counts.items() if (kind := _settled(name, kinds, surnames)) is not None}
    relabelled = [
        [span._replace(kind=settled.get(text[span.start : span.end], span.kind)) for span in spans]
        for text, spans in zip(texts, names, strict=True)
    ]
    wanted = _organisations(counts, settled, texts)
    if not wanted:
        return relabelled
    pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, wanted))})(?![\w-])")
    return [_with_places(pattern, text, spans) for text, spans in zip(texts, relabelled, strict=True)]


def surnames_in(texts: Sequence[str], names: Sequence[Sequence[NamedSpan]]) -> frozenset[str]:
    """Return the surnames of the people named in full, but those that begin a firm's name."""
    return _surnames(_counted(texts, names))


def _surnames(counts: dict[str, Counter[NameKind]]) -> frozenset[str]:
    in_full: Counter[str] = Counter()
    for name, kinds in counts.items():
        if kinds["PER"] and (match := _FULL_NAME.fullmatch(name)) is not None:
            in_full[match[1]] += kinds["PER"]
    firms = {name.partition(" ")[0] for name, kinds in counts.items() if kinds["ORG"] and " " in name}
    return frozenset(
        name for name, count in in_full.items() if name not in firms and _is_rather_a_person(counts.get(name), count)
    )


def _is_rather_a_person(kinds: Counter[NameKind] | None, n_in_full: int) -> bool:
    return kinds is None or kinds["ORG"] <= _ORGS_A_PERSON * n_in_full + kinds["PER"]


def _counted(texts: Sequence[str], names: Sequence[Sequence[NamedSpan]]) -> dict[str, Counter[NameKind]]:
    counts: dict[str, Counter[NameKind]] = {}
    for text, spans in zip(texts, names, strict=True):
        for span in spans:
            counts.setdefault(text[span.start : span.end], Counter())[span.kind] += 1
    return counts


def _settled(name: str, kinds: Counter[NameKind], surnames: frozenset[str]) -> NameKind | None:
    """Return the one kind of a name, None where its places are evenly divided."""
    if name in surnames and kinds["ORG"]:
        return "PER"
    if len(kinds) == 1:
        return None
    (first, most), (_, next_most) = kinds.most_common(2)
    return first if most > next_most else None


def _organisations(
    counts: dict[str, Counter[NameKind]], settled: dict[str, NameKind], texts: Sequence[str]
) -> list[str]:
    """Return the names of organisations to look for, the longest first."""
    firms = [name for name, kinds in counts.items() if kinds["ORG"] and settled.get(name, "ORG") == "ORG"]
    wanted: set[str] = set()
    for name in sorted(firms, key=lambda name: (-counts[name]["ORG"], name))[:_MOST_NAMES]:
        if counts[name]["ORG"] > 1 or not name.isupper():
            wanted.add(name)
        wanted.update(_short_forms(name))
    wanted = {name for name in wanted if _stands_elsewhere(name, counts, texts)}
    if not wanted:
        return []
    other = {name for name, kinds in counts.items() if settled.get(name, max(kinds, key=kinds.__getitem__)) != "ORG"}
    lower = {word for text in texts for word in _WORD.findall(text) if word[0].islower()}
    kept = [name for name in wanted - other if _may_stand_alone(name, lower)]
    return sorted(kept, key=lambda name: (-len(name), name))


def _stands_elsewhere(name: str, counts: dict[str, Counter[NameKind]], texts: Sequence[str]) -> bool:
    """Say whether the texts hold `name` more often than the names found do: mostly they do not, and all is done."""
    n_found = sum(kinds.total() * each.count(name) for each, kinds in counts.items())
    return sum(text.count(name) for text in texts) > n_found


def _short_forms(name: str) -> list[str]:
    """Return the name without the words that only say that it is a firm: "Miller Kaplan LLP" is Miller Kaplan."""
    words = name.split()
    cut = len(words)
    while cut > 1 and words[cut - 1].lower().strip(".,") in _FORMS:
        cut -= 1
    return [" ".join(words[:cut]).rstrip(",")] if cut < len(words) else []


def _may_stand_alone(name: str, lower: set[str]) -> bool:
    if not name[0].isupper() or len(name) < _SHORTEST:
        return name.isupper() and name.isalpha() and len(name) > 1
    if " " in name:
        return True
    return name.lower() not in lower and name.lower() not in _NEVER_ALONE


def _with_places(pattern: re.Pattern[str], text: str, spans: list[NamedSpan]) -> list[NamedSpan]:
    """Return the names and the other places where the pattern stands outside of them."""
    found = list(spans)
    position = 0
    for match in pattern.finditer(text):
        while position < len(spans) and spans[position].end <= match.start():
            position += 1
        is_free = position == len(spans) or spans[position].start >= match.end()
        if is_free and not _is_part_of_a_name(text, *match.span()):
            found.append(NamedSpan(*match.span(), "ORG"))
    return sorted(found)


def _is_part_of_a_name(text: str, start: int, end: int) -> bool:
    """Say whether a capital stands next to it: "Speaker Ryan" is not the Speaker that is an organisation."""
    return _BEGINS_ON.match(text, end) is not None or _ENDS_BEFORE.search(text[max(0, start - 40) : start]) is not None
