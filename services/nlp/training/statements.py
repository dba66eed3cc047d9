"""Our own statements whose wording decides the direction: the fall of a loss, the denial of a gain.

The labelled sets hold few of them, so that a model learns from these sets that whatever falls is bad. The words are in
`statements.toml`.
"""

import random
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nlp.training.corpora import SentimentRow

_WORDS = Path(__file__).with_suffix(".toml")
_SURE = 0.9
_SCORE = 0.55
_N_PER_KIND = 260
_EVENTS_TIMES, _TWO_SIDED_TIMES = 4, 2
Direction = Literal[-1, 0, 1]
_NEITHER: Direction = 0


@dataclass(frozen=True, slots=True)
class _Words:
    """The lists of `statements.toml`, by their names there."""

    names: list[str]
    gains: list[str]
    burdens: list[str]
    economy_gains: list[str]
    economy_burdens: list[str]
    rises: list[str]
    falls: list[str]
    makes_rise: list[str]
    makes_fall: list[str]
    by: list[str]
    changed_to: list[str]
    when: list[str]
    pairs: list[list[str]]
    welcome: list[str]
    unwelcome: list[str]
    affirmed: list[str]
    denied: list[str]
    posts: list[list[str]]
    tags: list[str]
    ends: list[str]
    companies: list[str]
    firms: list[str]
    raiders: list[str]
    shorts: list[str]
    amounts: list[str]
    shares: list[str]
    counts: list[str]
    good_events: list[str]
    bad_events: list[str]
    plain_events: list[str]
    watchers: list[str]
    two_sided: list[list[str | int]]


@dataclass(frozen=True, slots=True)
class Statement:
    """A text with its direction, None where that depends on whom one asks, and the direction toward each name in it."""

    text: str
    direction: Direction | None
    toward: tuple[tuple[str, Direction], ...] = ()


def _toward_one(text: str, direction: Direction, name: str | None = None) -> Statement:
    return Statement(text, direction, () if name is None else ((name, direction),))


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _of_company(words: _Words, pick: random.Random) -> Statement:
    """A measure of a company moves: `Acme net loss narrows by half in Q3`."""
    is_gain, is_rise = pick.random() < 0.4, pick.random() < 0.5
    name, measure = pick.choice(words.names), pick.choice(words.gains if is_gain else words.burdens)
    verb = pick.choice(words.rises if is_rise else words.falls)
    rest = (pick.choice(words.by), pick.choice(words.when))
    texts = [
        _joined(f"{name}'s", measure, verb, *rest),
        _joined(name, measure, verb, *rest),
        _joined(f"{name}:", measure, verb, *rest),
        _joined(measure.capitalize(), "at", name, verb, *rest),
        _joined(name, "says", measure, verb, *rest),
        _joined("The", measure, "of", name, verb, *rest) + ".",
    ]
    return _toward_one(pick.choice(texts), 1 if is_gain == is_rise else -1, name)


def _of_economy(words: _Words, pick: random.Random) -> Statement:
    """A measure of an economy moves: `Jobless claims fall to a year's low`."""
    is_gain, is_rise = pick.random() < 0.4, pick.random() < 0.5
    measure = pick.choice(words.economy_gains if is_gain else words.economy_burdens)
    verb = pick.choice(words.rises if is_rise else words.falls)
    place = pick.choice(["", "", "US", "U.S.", "German", "Euro zone", "India's", "UK", "Japan's"])
    text = _joined(place, measure if place else measure[0].upper() + measure[1:], verb, pick.choice(words.by))
    return _toward_one(_joined(text, pick.choice(words.when)), 1 if is_gain == is_rise else -1)


def _of_action(words: _Words, pick: random.Random) -> Statement:
    """A company moves a measure: `Acme cuts costs by a fifth`."""
    is_gain, is_rise = pick.random() < 0.45, pick.random() < 0.5
    name, measure = pick.choice(words.names), pick.choice(words.gains if is_gain else words.burdens)
    verb = pick.choice(words.makes_rise if is_rise else words.makes_fall)
    text = _joined(name, verb, pick.choice(["", "its"]), measure, pick.choice(words.changed_to))
    return _toward_one(text, 1 if is_gain == is_rise else -1, name)


def _of_pair(words: _Words, pick: random.Random) -> Statement:
    """A message or what denies it."""
    index: Literal[0, 1] = 0 if pick.random() < 0.5 else 1
    name = pick.choice(words.names)
    text = pick.choice(words.pairs)[index].format(name=name)
    return _toward_one(text, 1 if index == 0 else -1, name)


def _of_expectation(words: _Words, pick: random.Random) -> Statement:
    """What is expected of a company or is not: `Acme unlikely to cut its dividend`."""
    is_welcome, is_denied = pick.random() < 0.5, pick.random() < 0.5
    name, action = pick.choice(words.names), pick.choice(words.welcome if is_welcome else words.unwelcome)
    text = _joined(name, pick.choice(words.denied if is_denied else words.affirmed), action)
    return _toward_one(text, 1 if is_welcome != is_denied else -1, name)


def _of_post(words: _Words, pick: random.Random) -> Statement:
    """A trader's post: `$MU breaking down, new lows next`."""
    index: Literal[0, 1] = 0 if pick.random() < 0.5 else 1
    tag = pick.choice(words.tags)
    text = pick.choice(words.posts)[index].format(tag=tag) + pick.choice(words.ends)
    return _toward_one(text, 1 if index == 0 else -1, tag)


def _of_event(words: _Words, pick: random.Random) -> Statement:
    """What happens to a company, or what says nothing of it: `Gladwin to restate three years of earnings`.

    Who reports or decides it is neither better nor worse off: a broker, a court, an agency.
    """
    direction: Direction = pick.choice((-1, -1, -1, 1, 1, 1, 0))
    forms = {-1: words.bad_events, 0: words.plain_events, 1: words.good_events}[direction]
    names = pick.sample(words.companies + words.names, 2)
    text, filled = _filled(pick.choice(forms), words, names, pick)
    reporters = (filled["firm"], filled["raider"], filled["short"], *words.watchers)
    reporting = tuple((one, _NEITHER) for one in reporters if f" {one} " in f" {text} " and one not in names)
    return Statement(text, direction, ((names[0], direction), *reporting))


def _of_two(words: _Words, pick: random.Random) -> Statement:
    """What is good for one company and not for another: `Gladwin loses order to Vesta`."""
    form, *directions = pick.choice(words.two_sided)
    names = pick.sample(words.companies + words.names, 2)
    text, _ = _filled(str(form), words, names, pick)
    return Statement(text, None, tuple(zip(names, map(_direction, directions), strict=True)))


def _direction(number: int | str) -> Direction:
    return 1 if number == 1 else -1 if number == -1 else 0


def _filled(form: str, words: _Words, names: list[str], pick: random.Random) -> tuple[str, dict[str, str]]:
    """Return the form with its slots filled, and with what."""
    lists = {
        "firm": words.firms,
        "raider": words.raiders,
        "short": words.shorts,
        "amount": words.amounts,
        "share": words.shares,
        "count": words.counts,
    }
    filled = {slot: pick.choice(one) for slot, one in lists.items()}
    return form.format(name=names[0], other=names[1], **filled), filled


def _all(words: _Words, seed: int, n_each: int) -> Iterator[Statement]:
    pick = random.Random(seed)  # noqa: S311  # for variety, not for secrets
    for make in (_of_company, _of_economy, _of_action, _of_pair, _of_expectation, _of_post):
        for _ in range(n_each):
            yield make(words, pick)
    for _ in range(n_each * _EVENTS_TIMES):
        yield _of_event(words, pick)
    for _ in range(n_each * _TWO_SIDED_TIMES):
        yield _of_two(words, pick)


def statements(seed: int = 0, n_each: int = _N_PER_KIND) -> list[Statement]:
    """Return `n_each` statements of every kind, and more of events, without repetition; equal seeds give equal ones."""
    words = _Words(**tomllib.loads(_WORDS.read_text(encoding="utf-8")))
    return list({one.text: one for one in _all(words, seed, n_each)}.values())


def of_texts(found: Sequence[Statement]) -> list[SentimentRow]:
    """Return the statements that have a direction as rows."""
    return [_row(one.text, one.direction) for one in found if one.direction is not None]


def toward_names(found: Sequence[Statement]) -> list[SentimentRow]:
    """Return a row for each name in a statement."""
    return [_row(one.text, direction, name) for one in found for name, direction in one.toward]


def _row(text: str, direction: Direction, name: str | None = None) -> SentimentRow:
    rest = (1.0 - _SURE) / 4.0
    bad, good = _SURE if direction < 0 else rest, _SURE if direction > 0 else rest
    return SentimentRow(text, "statements", text, (bad, 1.0 - bad - good, good), _SCORE * direction, name)
