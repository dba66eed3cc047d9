"""Sends a file of daily price bars to market impact, in pieces below the limit of a request."""

import csv
from collections.abc import Iterator
from pathlib import Path

from common.gateway import MARKET_IMPACT
from standalone.api_client import SystemClient
from standalone.progress import progress_bar
from standalone.replay.article_files import UnreadableFileError, open_text

# 20,000 lines of a bar are 1.6 MB, well below the limit of 5 MB.
_ROWS_PER_REQUEST = 20_000


async def import_bars(client: SystemClient, path: Path) -> dict[str, int]:
    """Send the bars of a CSV (plain or gzipped) and return the sums of what market impact answered.

    Raises
    ------
    UnreadableFileError
        The file is not there or has no header.
    """
    answered: dict[str, int] = {}
    with progress_bar() as progress:
        task = progress.add_task(f"bars of {path.name}", total=None)
        for header, rows in _pieces(path):
            answer = await client.request(
                "PUT",
                f"{MARKET_IMPACT.base_path}/bars",
                content=(header + "".join(rows)).encode(),
                headers={"Content-Type": "text/csv"},
            )
            for name, value in answer.items():
                if isinstance(value, int):
                    answered[name] = answered.get(name, 0) + value
            progress.advance(task, len(rows))
        progress.update(task, total=progress.tasks[task].completed)
    return answered


def _pieces(path: Path) -> Iterator[tuple[str, list[str]]]:
    try:
        with open_text(path) as stream:
            header = stream.readline()
            if "date" not in next(csv.reader([header]), []):
                raise UnreadableFileError(f"{path}: the first line names no column `date`")
            rows: list[str] = []
            for line in stream:
                rows.append(line)
                if len(rows) == _ROWS_PER_REQUEST:
                    yield header, rows
                    rows = []
            if rows:
                yield header, rows
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{path}: {error}") from error
