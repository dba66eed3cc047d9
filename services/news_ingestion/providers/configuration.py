"""Checks the configuration of sources: one that does not fit is refused in one sentence, and so is a secret."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

from pydantic import BaseModel, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_SECRET = re.compile(
    r"(?:access|api|auth|bearer|client|private|secret|session|signing)?(?:credential|key|secret|token)s?"
    r"|o?auth(?:entication|orization)?|bearer|jwt|pass(?:code|key|phrase|wd|word)s?|pwd|cookies?|sig(?:nature)?s?"
    # Also as in PHPSESSID and JSESSIONID.
    r"|[a-z]{0,20}sess(?:ion)?ids?"
)


def read_model(model: type[ModelT], config: Mapping[str, object]) -> ModelT:
    """Return `config` as `model` reads it; `ValueError` says in one sentence what does not fit, without its value."""
    try:
        return model.model_validate(dict(config))
    except ValidationError as error:
        raise ValueError(sentence_of(error)) from error


def no_config(kind: str, config: Mapping[str, object]) -> dict[str, object]:
    """Return the empty configuration of a kind that has nothing to set; `ValueError` when something is."""
    if config:
        raise ValueError(f"a source of kind {kind} has no settings, not {', '.join(sorted(config))}")
    return {}


def sentence_of(error: ValidationError) -> str:
    """Return the first of pydantic's findings as a sentence: where, and what, without the value that it found."""
    found = error.errors(include_url=False, include_input=False)[0]
    raised = found.get("ctx", {}).get("error")
    # Pydantic begins the message of a model's own check with "Value error, ".
    text = found["msg"] if raised is None else str(raised)
    where = ".".join(map(str, found["loc"]))
    return (f"{where}: {text}" if where else text).removesuffix(".")


def refuse_secrets(config: Mapping[str, object]) -> None:
    """Raise `ValueError` when a field of `config`, at any depth, is named as a secret is.

    Notes
    -----
    The configuration of a source is stored as it is and shown to everyone who may read sources.
    """
    for name in _names(config):
        words = [word.lower() for word in _WORD.findall(name)]
        pairs = (f"{first}{second}" for first, second in pairwise(words))
        if any(_SECRET.fullmatch(word) for word in (*words, *pairs)):
            raise ValueError(f"{name}: a secret belongs in the settings of the service; those of a source are shown")


def _names(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Mapping):
            yield from map(str, found)
            waiting.extend(found.values())
        elif isinstance(found, list | tuple):
            waiting.extend(found)
