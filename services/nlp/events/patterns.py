"""The event types as `taxonomy.toml` declares them: meaning, cues and patterns."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("taxonomy.toml")

_GAP = "[^.;|]"
# A point inside a number or after an abbreviation ends no sentence: "takes 9.4% stake", "Q3 Adj. EPS".
_ABBREVIATIONS = "|".join(
    rf"(?<=\b{word})"
    for word in ("adj", "qtr", "rev", "inc", "corp", "co", "est", "prelim", "ops", "cont", "ltd", "u.s")
)
_GAP_OVER_DECIMALS = rf"(?:[^.;|]|\.(?=\S)|(?:{_ABBREVIATIONS})\.)"


@dataclass(frozen=True, slots=True)
class EventType:
    """An event type: its name on the wire, what it means, the market topic it belongs to, its cues and its patterns."""

    type: str
    description: str
    topic: str | None
    cues: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]


def _expanded(pattern: str, macros: dict[str, str]) -> str:
    for name, value in macros.items():
        pattern = pattern.replace("{" + name + "}", value)
    return pattern.replace(_GAP, _GAP_OVER_DECIMALS)


@cache
def event_types() -> tuple[EventType, ...]:
    """Return the event types in their written order, their patterns compiled."""
    document = tomllib.loads(FILE.read_text(encoding="utf-8"))
    macros: dict[str, str] = document["macros"]
    return tuple(
        EventType(
            type=row["type"],
            description=row["description"],
            topic=row.get("topic"),
            cues=tuple(row["cues"]),
            patterns=tuple(re.compile(_expanded(pattern, macros)) for pattern in row["patterns"]),
        )
        for row in document["event"]
    )
