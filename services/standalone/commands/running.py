"""Runs a command in one event loop, and reports its failure in one line."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer
import uvloop
from pydantic import SecretStr
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import DBAPIError

from common.settings import ServiceSettings
from common.telemetry.logging import configure_logging
from standalone.api_client import KeyAuth, RequestRefusedError
from standalone.embedded.postgres_cluster import EmbeddedServerError, FolderInUseError
from standalone.replay.article_files import UnreadableFileError
from standalone.system.server import NotStartedError, OpenBindingError
from standalone.system.supervision import ProcessDiedError

ResultT = TypeVar("ResultT")

KeyOption = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        help="API key, required once keys exist. Other users can read the command line, but not the variable or "
        "the file.",
        envvar="MIA_API_KEY",
        show_default=False,
    ),
]
KeyFileOption = Annotated[
    Path | None, typer.Option("--api-key-file", help="A file with the key.", envvar="MIA_API_KEY_FILE")
]

_EXPECTED = (
    RequestRefusedError,
    UnreadableFileError,
    ProcessDiedError,
    EmbeddedServerError,
    FolderInUseError,
    NotStartedError,
    OpenBindingError,
    DBAPIError,
    OSError,
    KeyError,
    ValueError,
)
_errors = Console(stderr=True)


def run(coroutine: Coroutine[object, None, ResultT]) -> ResultT:
    """Run a command to its end and return its result; an expected failure ends with one line and status 2."""
    try:
        return uvloop.run(coroutine)
    except _EXPECTED as error:
        # One line, however narrow the terminal is, and brackets in it are no markup.
        _errors.print(f"[bold red]mia:[/] {escape(_reason(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return str(error.args[0])
    # The driver's own words: SQLAlchemy adds the statement and an address on the internet.
    return str(error.orig if isinstance(error, DBAPIError) else error)


def log_for_people(log_level: Literal["INFO", "WARNING"] = "WARNING") -> None:
    """Log for a person at a terminal: only what needs attention, or also where a long task stands."""
    configure_logging(ServiceSettings.model_construct(log_level=log_level, log_format="console"))


def shown_key(api_key: str | None, file: Path | None) -> KeyAuth | None:
    """Return how a client shows the key that is given or is in `file`; None without either, for a system without keys.

    Raises
    ------
    typer.BadParameter
        The file cannot be read, or what is given is no key; it is not repeated.
    """
    if not api_key and file is None:
        return None
    try:
        key = (api_key or (file.read_text(encoding="utf-8") if file else "")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file}: {error}", param_hint="--api-key-file") from error
    if not key.isascii() or not key.isprintable() or not key or " " in key:
        raise typer.BadParameter("an API key is a single word that starts with `mia_`", param_hint="--api-key")
    return KeyAuth(SecretStr(key))
