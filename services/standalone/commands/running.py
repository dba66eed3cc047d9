"""How a command runs: in one event loop, with its failures told in one line."""

from collections.abc import Coroutine
from typing import Any, Literal, TypeVar

import typer
import uvloop
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from common.logging import configure_logging
from common.settings import ServiceSettings
from standalone.api_client import RequestRefusedError
from standalone.article_files import UnreadableFileError
from standalone.processes import ProcessDiedError
from standalone.server import OpenBindingError

ResultT = TypeVar("ResultT")

_EXPECTED = (
    RequestRefusedError,
    UnreadableFileError,
    ProcessDiedError,
    OpenBindingError,
    DBAPIError,
    OSError,
    KeyError,
    ValueError,
)
_errors = Console(stderr=True)


def run(coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a command to its end and return its result; an expected failure ends with one line and status 2."""
    try:
        return uvloop.run(coroutine)
    except _EXPECTED as error:
        reason = error.args[0] if isinstance(error, KeyError) else str(error)
        _errors.print(f"[bold red]mia:[/] {reason}", markup=True, highlight=False)
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def log_for_people(log_level: Literal["INFO", "WARNING"] = "WARNING") -> None:
    """Log for a person at a terminal: only what needs attention, or also where a long task stands."""
    configure_logging(ServiceSettings.model_construct(log_level=log_level, log_format="console"))
