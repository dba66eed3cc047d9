"""Paths of the two sample files in the installed package."""

from importlib.resources import files
from pathlib import Path


def headlines_path() -> Path:
    """Return the CSV of the headlines: columns `title,url,published_at,source,tickers`."""
    return _path("headlines.csv")


def bars_path() -> Path:
    """Return the gzipped CSV of the daily bars: `ticker,date,open,high,low,close,adjusted_close,volume`."""
    return _path("bars.csv.gz")


def _path(name: str) -> Path:
    """Return that file of the sample; raise FileNotFoundError when it lies in no folder, as in a zip import."""
    resource = files("standalone.sample") / name
    if not isinstance(resource, Path) or not resource.is_file():
        raise FileNotFoundError(f"the bundled sample has no file {name} on disk: {resource}")
    return resource
