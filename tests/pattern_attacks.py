"""Texts on which a regular expression may take far longer than it should, derived from the expression itself."""

import random
import re
import re._constants as codes  # the parser of `re` itself: what a pattern repeats is read from what it reads
import re._parser as parser
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.growth import Growth, growth, is_too_steep

_REPEATS = {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}
# A repeat that ends after so many times costs no more than a constant.
_UNBOUNDED = 100
_CANDIDATES = "aA0 -.,'\"\n<>&$é;:|()/%_!\x00Z9z"
_TAILS = ("", "\x00", " x")
_SEEDS = (
    *" aA0-.,'\"\n<>&$;:|()/%_[{é", "a ", "A ", "Ab ", "A.", "1 ", "1,", "a.", "a-", "a'", "--", ". ", "' ", "( ",
    "<a ", "</", "<!--", "<script ", "<style>", "&#", "the ", "Inc. ", "$1 ", "1%", "A & ", ", and ", "\n ", "a/",
    "../",
)  # fmt: skip
_N_VARIANTS = 2
# Of so many signs of a pattern each is repeated, alone and with each other: what opens, escapes and ends something.
_N_SIGNS = 6


@dataclass(frozen=True)
class Attack:
    """A text of a repeated piece between a beginning and an end."""

    head: str
    piece: str
    tail: str

    def text(self, size: int) -> str:
        """Return the text, of about `size` characters."""
        return self.head + self.piece * max(1, size // len(self.piece)) + self.tail


def attacks(pattern: str, flags: int = 0) -> Iterator[Attack]:
    """Yield the texts on which `pattern` is tried."""
    draw = random.Random(pattern)
    tree = parser.parse(pattern, flags)
    found: dict[tuple[str, str], None] = {}
    for _ in range(_N_VARIANTS):
        for head, piece in _repeated(tree, "", draw):
            found[head, piece] = found["", head + piece] = found["", piece] = found["x", piece] = None
        found["", _sample(tree, draw)[:-1]] = None
    for head, piece in found:
        for tail in _TAILS if piece else ():
            yield Attack(head, piece, tail)
    for seed in dict.fromkeys((*_SEEDS, *_pairs_of_signs(tree))):
        yield Attack("", seed, "\x00")


def _pairs_of_signs(tree: Any) -> Iterator[str]:
    """Yield the signs that a pattern names, and their pairs: a quote, an escaped quote, a comma and a quote."""
    signs = list(dict.fromkeys(_signs(tree)))[:_N_SIGNS]
    yield from signs
    yield from (one + other for one in signs for other in signs if one != other)


def _signs(nodes: Any) -> Iterator[str]:
    """Yield each character of a pattern that is neither letter nor digit nor white space, in its order."""
    for part in nodes:
        if isinstance(part, tuple | list | parser.SubPattern):
            # A code, not the same number as the bound of a repeat.
            is_code = isinstance(part, tuple) and part and isinstance(part[0], type(codes.LITERAL))
            is_literal = is_code and part[0] in {codes.LITERAL, codes.NOT_LITERAL}
            if is_literal and not (chr(part[1]).isalnum() or chr(part[1]).isspace()):
                yield chr(part[1])
            yield from _signs(part)


def _repeated(nodes: Any, before: str, draw: random.Random) -> Iterator[tuple[str, str]]:
    """Yield for every unbounded repeat a text that leads to it, and what it repeats."""
    for code, argument in nodes:
        if code in _REPEATS:
            _, most, item = argument
            yield from _repeated(item, before, draw)
            if most >= _UNBOUNDED:
                yield before, _sample(item, draw)
                yield before, _sample(item, draw) + _sample(item, draw)
        elif code is codes.BRANCH:
            for branch in argument[1]:
                yield from _repeated(branch, before, draw)
        elif code is codes.SUBPATTERN:
            yield from _repeated(argument[-1], before, draw)
        elif code is codes.ATOMIC_GROUP:
            yield from _repeated(argument, before, draw)
        elif code in {codes.ASSERT, codes.ASSERT_NOT}:
            yield from _repeated(argument[1], before, draw)
        before += _sample([(code, argument)], draw)


def _sample(nodes: Any, draw: random.Random) -> str:
    """Return a text that `nodes` match, but for what they look at ahead and behind."""
    return "".join(_sample_one(code, argument, draw) for code, argument in nodes)


def _sample_one(code: Any, argument: Any, draw: random.Random) -> str:  # noqa: PLR0911 - one line per kind of node
    if code is codes.LITERAL:
        return chr(argument)
    if code is codes.NOT_LITERAL:
        return draw.choice([one for one in _CANDIDATES if ord(one) != argument])
    if code is codes.ANY:
        return draw.choice("xA ")
    if code is codes.IN:
        return _one_of(argument, draw)
    if code is codes.BRANCH:
        return _sample(draw.choice(argument[1]), draw)
    if code is codes.SUBPATTERN:
        return _sample(argument[-1], draw)
    if code is codes.ATOMIC_GROUP:
        return _sample(argument, draw)
    if code in _REPEATS:
        least, most, item = argument
        return "".join(_sample(item, draw) for _ in range(max(least, min(most, 1))))
    return ""


def _one_of(members: Any, draw: random.Random) -> str:
    listed = [chr(low) for code, low in members if code is codes.LITERAL]
    ranges = [argument for code, argument in members if code is codes.RANGE]
    listed += [chr(end) for ends in ranges for end in ends]
    is_negated = members[0][0] is codes.NEGATE
    fitting = [one for one in _CANDIDATES if _is_member(one, members) != is_negated]
    return draw.choice(fitting if is_negated else [*listed, *fitting])


def _is_member(one: str, members: Any) -> bool:
    return any(
        (code is codes.LITERAL and ord(one) == argument)
        or (code is codes.RANGE and argument[0] <= ord(one) <= argument[1])
        or (code is codes.CATEGORY and _is_in_category(one, argument))
        for code, argument in members
    )


def _is_in_category(one: str, category: Any) -> bool:
    kinds = {
        codes.CATEGORY_DIGIT: r"\d", codes.CATEGORY_NOT_DIGIT: r"\D", codes.CATEGORY_SPACE: r"\s",
        codes.CATEGORY_NOT_SPACE: r"\S", codes.CATEGORY_WORD: r"\w", codes.CATEGORY_NOT_WORD: r"\W",
    }  # fmt: skip
    return re.match(kinds[category], one) is not None


def steepest(
    pattern: re.Pattern[str], *, is_from_the_start: bool = False, largest: int = 4_000
) -> tuple[Attack, Growth] | None:
    """Return the first attack on which the pattern takes more than linear time; None when there is none.

    Parameters
    ----------
    is_from_the_start : whether a text may only begin with it, or every match in the text is found.
    """

    if isinstance(pattern.pattern, bytes):
        # The same pattern of characters: attacks are texts.
        pattern = re.compile(pattern.pattern.decode("latin-1"), pattern.flags | re.ASCII)

    def find(text: str) -> object:
        if is_from_the_start:
            return pattern.match(text), pattern.fullmatch(text)
        return sum(1 for _ in pattern.finditer(text))

    for attack in attacks(pattern.pattern, pattern.flags & ~re.UNICODE):
        found = growth(find, attack.text, smallest=12, largest=largest)
        if found is not None and is_too_steep(found):
            return attack, found
    return None
