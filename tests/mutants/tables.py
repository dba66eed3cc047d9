"""Which modules are mutated and which tests hold them, and which mutants are known to survive, and why."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Change(NamedTuple):
    """What a mutant changes in a function, as text without indentation; where it stands is left out.

    So an entry still fits when other lines of the module move. A change of several lines has them all.
    """

    module: str
    function: str
    line: str
    becomes: str


class KnownSurvivor(NamedTuple):
    """A change that no test notices, for a reason that somebody has looked at."""

    change: Change
    is_equivalent: bool
    reason: str


def read_modules() -> Mapping[str, Sequence[str]]:
    """Return the tests of each module, all as paths from the root of the project."""
    return tomllib.loads((FOLDER / "modules.toml").read_text(encoding="utf-8"))


def read_survivors() -> Iterator[KnownSurvivor]:
    """Yield each change that `survivors.toml` lists."""
    kinds = tomllib.loads((FOLDER / "survivors.toml").read_text(encoding="utf-8"))
    for kind, entries in kinds.items():
        for entry in entries:
            for becomes in entry["becomes"]:
                change = Change(entry["module"], entry["function"], entry["line"].strip(), becomes.strip())
                yield KnownSurvivor(change, kind == "equivalent", entry["reason"])
