"""`mia keys`: create, list and revoke API keys."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from common.access.auth import SCOPES, Scope
from standalone.api_keys import create_key, list_keys, revoke_key
from standalone.commands.running import log_for_people, run
from standalone.commands.serving import FolderOption
from standalone.progress import console
from standalone.system.backing import databases_of, prepare_databases
from standalone.system.standing_up import system_settings

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Name of its user; shown in lists.")],
    scope: Annotated[list[str], typer.Option(help="read, write or admin; may be repeated.")] = ["read"],  # noqa: B006 - Typer's way
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires; never when absent.")] = None,
    data: FolderOption = Path(".local"),
) -> None:
    """Create a key, store its hash in the four databases, and print it. It is shown only once."""
    log_for_people()
    unknown = set(scope) - set(SCOPES)
    if unknown:
        raise typer.BadParameter(f"unknown scope {', '.join(sorted(unknown))}; the scopes are {', '.join(SCOPES)}")
    scopes: tuple[Scope, ...] = tuple(known for known in SCOPES if known in scope)
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None

    async def act() -> str:
        async with databases_of(data) as backing:
            settings = system_settings(backing)
            await prepare_databases(settings)
            return (await create_key(settings, name, scopes, expires_at)).text.get_secret_value()

    typer.echo(run(act()))


@app.command("list")
def list_(data: FolderOption = Path(".local")) -> None:
    """List the keys without their text, which is not stored."""
    log_for_people()

    async def act() -> Table:
        table = Table("key id", "name", "scopes", "expires", "revoked")
        async with databases_of(data) as backing:
            for record in await list_keys(system_settings(backing)[0]):
                moments = (
                    f"{moment:%Y-%m-%d %H:%M}" if moment else "-" for moment in (record.expires_at, record.revoked_at)
                )
                table.add_row(record.key_id, record.name, ", ".join(record.scopes), *moments)
        return table

    console.print(run(act()))


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The eight characters after `mia_`.")],
    data: FolderOption = Path(".local"),
) -> None:
    """Revoke a key in all four services; running services notice within two seconds."""
    log_for_people()

    async def act() -> list[str]:
        async with databases_of(data) as backing:
            return await revoke_key(system_settings(backing), key_id)

    revoked = run(act())
    console.print(f"revoked in {', '.join(revoked)}" if revoked else f"no valid key {key_id}")
    raise typer.Exit(0 if revoked else 1)
