"""The shipped artefacts: their location, and the hash check that each is the file that its card describes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# Each array of an artefact has a type of its own.
Arrays = dict[str, npt.NDArray[Any]]
FOLDER = Path(__file__).parent / "artefacts"
MANIFEST = "manifest.json"


class ArtefactError(RuntimeError):
    """An artefact is missing, or is not the file that the manifest names."""


@dataclass(frozen=True, slots=True)
class ArtefactCard:
    """What the manifest says about one artefact: its file, its hash, and the card that the training wrote."""

    name: str
    version: str
    file: str
    sha256: str
    n_bytes: int
    card: Mapping[str, object]


def sha256(path: Path) -> str:
    """Return the SHA-256 of the file at `path`, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def load_manifest(folder: Path = FOLDER) -> dict[str, ArtefactCard]:
    """Return the cards of all shipped artefacts by name.

    Raises
    ------
    ArtefactError
        When the manifest is missing or cannot be read.
    """
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {
            name: ArtefactCard(name, row["version"], row["file"], row["sha256"], row["n_bytes"], row["card"])
            for name, row in document["artefacts"].items()
        }
    except (OSError, ValueError, KeyError) as error:
        raise ArtefactError(f"The manifest of the artefacts in {folder} cannot be read.") from error


def checked_path(name: str, folder: Path = FOLDER) -> Path:
    """Return the path of the artefact `name` once its hash has been found right.

    Raises
    ------
    ArtefactError
        When there is no such artefact, or when its content differs from the manifest's.
    """
    card = load_manifest(folder).get(name)
    if card is None:
        raise ArtefactError(f"There is no artefact {name!r}.")
    path = folder / card.file
    if not path.is_file():
        raise ArtefactError(f"The artefact {path} is missing.")
    found = sha256(path)
    if found != card.sha256:
        raise ArtefactError(f"The artefact {path} has the hash {found}, not {card.sha256} as its card says.")
    return path


def load_arrays(path: Path) -> Arrays:
    """Return the arrays of an `.npz` artefact; pickled content is refused by numpy."""
    with np.load(path, allow_pickle=False) as document:
        return {name: document[name] for name in document.files}


def pack_words(words: list[str]) -> npt.NDArray[np.uint8]:
    """Return a vocabulary as bytes, one word a line, because arrays of strings would be many times larger."""
    return np.frombuffer("\n".join(words).encode(), dtype=np.uint8)


def unpack_words(packed: npt.NDArray[np.uint8]) -> list[str]:
    """Return the vocabulary written by `pack_words`."""
    return packed.tobytes().decode().split("\n")
