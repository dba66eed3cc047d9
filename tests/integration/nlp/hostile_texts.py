"""Texts that no newsroom writes, drawn from a seed: each kind is what once broke some program that reads text."""

import random
from collections.abc import Callable, Sequence

_HEADLINES = (
    "Apple Nokia Target Visa Ford shares profit loss beats misses estimates raises cuts outlook upgrade lawsuit CEO "
    "dividend buyback merger quarter revenue $5 billion 3.2% not never NASDAQ NYSE EPS Inc Corp Group Bank of the"
)
WORDS = _HEADLINES.split()
SCRIPTS = (
    "Акции выросли",
    "株価が上昇",
    "股价上涨",
    "주가 상승",
    "أسهم ترتفع",
    "מניות עולות",
    "หุ้นขึ้น",
    "शेयर चढ़े",
    "μετοχές",
    "ақ",
)
ZERO_WIDTH = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e")
BIDI = ("\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2069", "\u200e", "\u200f")
EMOJI = ("👨\u200d👩\u200d👧\u200d👦", "🏳\ufe0f\u200d🌈", "👍🏽", "🇺🇸", "1\ufe0f\u20e3", "📈", "📉", "🚀")
HTML = ("<script>alert(1)</script>", "<b>", "</p>", "&amp;", "&#0;", "&nbsp;", "<img src=x onerror=y>", "<!--", "]]>")
COMBINING = [chr(code) for code in range(0x0300, 0x0370)]
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0xFFFE, 0xFFFF)]
PUNCTUATION = "!?.,;:'\"()[]{}<>$%&@#*/\\|~^`_-+=…“”\u2018\u2019—\u2013€£¥§¶"
ODD_LETTERS = "İ\u0131\u017fßŉǰΐﬁﬃẞΣςÅKΩ℡𝐀𝕬🄰ａＡ²½Ⅷ"


def words(draw: random.Random, most: int = 14) -> list[str]:
    """Return one to `most` words of ordinary headlines."""
    return draw.choices(WORDS, k=draw.randint(1, most))


def between(draw: random.Random, pieces: Sequence[str]) -> str:
    """Return ordinary words with odd `pieces` before, inside and after them."""
    letters = list(" ".join(words(draw)))
    for _ in range(draw.randint(1, 12)):
        letters.insert(draw.randint(0, len(letters)), draw.choice(pieces))
    return "".join(letters)


def lone_surrogates(draw: random.Random) -> str:
    """Return words with halves of surrogate pairs in them."""
    return between(draw, [chr(draw.randint(0xD800, 0xDFFF)) for _ in range(3)])


def zalgo(draw: random.Random) -> str:
    """Return words whose letters carry heaps of combining marks."""
    return "".join(letter + "".join(draw.choices(COMBINING, k=draw.randint(0, 20))) for letter in " ".join(words(draw)))


def mixed_scripts(draw: random.Random) -> str:
    """Return words of several scripts beside each other and glued together."""
    parts = [*draw.choices(SCRIPTS, k=3), *words(draw, 6)]
    draw.shuffle(parts)
    return draw.choice((" ", "")).join(parts)


def any_characters(draw: random.Random) -> str:
    """Return characters drawn from the whole of Unicode, halves of pairs too."""
    return "".join(chr(draw.randrange(0x110000)) for _ in range(draw.randint(1, 120)))


def marks(draw: random.Random) -> str:
    """Return unfinished and nested marks of tickers."""
    pieces = ("(NASDAQ:", "NYSE : ", "$", "$$", "(", ")", "<", ">", "AAPL", "BRK.B", "A", "-", "/", ",", " ", "$TSLA")
    return "".join(draw.choices(pieces, k=draw.randint(1, 60)))


def repeated(draw: random.Random) -> str:
    """Return one short piece, repeated until it is long: food for backtracking."""
    pieces = (
        "a",
        "Aa",
        "A.",
        "$A ",
        "(A,",
        "1,",
        "' ",
        "Inc ",
        "Bank of ",
        "not ",
        "CEO A",
        "http://",
        " \n",
        "\u0301",
    )
    return draw.choice(pieces) * draw.randint(1, 3_000)


KINDS: tuple[Callable[[random.Random], str], ...] = (
    lone_surrogates,
    zalgo,
    mixed_scripts,
    any_characters,
    marks,
    repeated,
    lambda draw: draw.choice(("", " ", "\t", "\n", "\u3000", "\u200b")) * draw.randint(0, 5),
    lambda draw: between(draw, CONTROLS),
    lambda draw: between(draw, ["\x00"]),
    lambda draw: between(draw, ZERO_WIDTH),
    lambda draw: between(draw, BIDI),
    lambda draw: between(draw, EMOJI),
    lambda draw: between(draw, HTML),
    lambda draw: between(draw, ODD_LETTERS),
    lambda draw: "".join(draw.choices(SCRIPTS[4:6], k=4)) + "\u202e" + " ".join(words(draw, 5)),
    lambda draw: "".join(draw.choices(EMOJI, k=draw.randint(1, 40))),
    lambda draw: "".join(draw.choices(PUNCTUATION, k=draw.randint(1, 200))),
    lambda draw: "".join(draw.choices("0123456789.,%$", k=draw.randint(1, 200))),
    lambda draw: " ".join(draw.choice(ODD_LETTERS + "ab") * draw.randint(50, 900) for _ in range(2)),
    lambda draw: " ".join(f"${''.join(draw.choices('ABCDEFGXYZ', k=draw.randint(1, 6)))}" for _ in range(80)),
)


def drawn_texts(count: int, random_state: int) -> list[str]:
    """Return `count` texts, all kinds in turn."""
    draw = random.Random(random_state)
    return [KINDS[index % len(KINDS)](draw) for index in range(count)]


def vast_texts(names: Sequence[str], random_state: int) -> list[str]:
    """Return texts of about a megabyte, and one of 10,000 of the given names."""
    draw = random.Random(random_state)
    pieces = (
        "a",
        "Aa ",
        "$AAPL ",
        "(NYSE: F) ",
        "\u0301",
        "👨\u200d👩",
        "\u202eאב",
        "<p>&amp;",
        "1,",
        ". ",
        '"',
        "股",
        "\x00",
    )
    return [
        *((piece * (1_000_000 // len(piece)))[:1_000_000] for piece in pieces),
        " ".join(draw.choices(names, k=10_000))[:1_000_000],
    ]
