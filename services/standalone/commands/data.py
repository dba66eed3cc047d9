"""`mia replay`, `mia import-bars`, `mia openapi`, `mia settings`: data, contracts and settings."""

import json
from pathlib import Path
from typing import Annotated

import typer

from common.contracts.json import JSONDocument
from common.gateway import service_named
from standalone.api_client import KeyAuth, system_client
from standalone.commands.running import KeyFileOption, KeyOption, log_for_people, run, shown_key
from standalone.generators.settings_table import as_markdown, common_settings, own_settings
from standalone.progress import console
from standalone.replay.bar_files import import_bars as send_bars
from standalone.replay.replay import ReplayReport, read_all, replay_tables
from standalone.replay.replay import replay as replay_articles
from standalone.system.composition import load_app, load_settings

app = typer.Typer()

FileArgument = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV or JSON Lines, plain or .gz.")]
AddressOption = Annotated[str, typer.Option("--url", help="Address of the running system.", envvar="GATEWAY_URL")]


@app.command()
def replay(
    file: FileArgument,
    url: AddressOption = "http://127.0.0.1:8000",
    api_key: KeyOption = None,
    api_key_file: KeyFileOption = None,
    batch: Annotated[int, typer.Option(min=1, max=500, help="Articles per request.")] = 200,
) -> None:
    """Send the articles of a file through a running system and check that the counts of every hop add up."""
    log_for_people()
    report = run(_replay(file, url, shown_key(api_key, api_key_file), batch))
    for table in replay_tables(report):
        console.print(table)
    if not report.adds_up:
        console.print("[bold red]The counts do not balance.[/]")
        raise typer.Exit(1)


async def _replay(file: Path, url: str, auth: KeyAuth | None, batch: int) -> ReplayReport:
    articles = read_all(file)
    async with system_client(url, auth) as client:
        return await replay_articles(client, articles, batch_items=batch)


@app.command("import-bars")
def import_bars(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="CSV files, plain or .gz.")],
    url: AddressOption = "http://127.0.0.1:8000",
    api_key: KeyOption = None,
    api_key_file: KeyFileOption = None,
) -> None:
    """Send daily price bars to a running system: ticker, date, open, high, low, close, adjusted_close, volume."""
    log_for_people()
    auth = shown_key(api_key, api_key_file)
    for file in files:
        answered = run(_import_bars(file, url, auth))
        console.print(f"{file.name}: " + ", ".join(f"{value:,} {name}" for name, value in answered.items()))


async def _import_bars(file: Path, url: str, auth: KeyAuth | None) -> dict[str, int]:
    async with system_client(url, auth) as client:
        return await send_bars(client, file)


@app.command()
def openapi(service: Annotated[str, typer.Argument(help="news_ingestion, nlp, market_impact or alerts.")]) -> None:
    """Print the OpenAPI document of one service."""
    typer.echo(json.dumps(openapi_document(service), indent=2, ensure_ascii=False))


def openapi_document(name: str) -> JSONDocument:
    """Return the OpenAPI document of one service, without starting it."""
    service = service_named(name)
    return load_app(service, load_settings(service)).openapi()


@app.command()
def settings(
    service: Annotated[
        str | None, typer.Argument(help="One service; the settings of every service when absent.")
    ] = None,
) -> None:
    """Print the environment variables, their defaults and what they mean, as a Markdown table."""
    rows = own_settings(service_named(service)) if service else common_settings()
    typer.echo(as_markdown(rows), nl=False)
