"""`mia secrets`: encrypts or decrypts stored secrets."""

from importlib import import_module
from pathlib import Path

import typer

from common.postgres.database import Database
from common.postgres.sealing import seal_all, unseal_all
from common.secrets.secret_box import SecretBox
from common.settings import ServiceSettings
from standalone.commands.running import log_for_people, run
from standalone.commands.serving import FolderOption
from standalone.progress import console
from standalone.system.backing import backing_services
from standalone.system.standing_up import system_settings

app = typer.Typer(no_args_is_help=True)


@app.command()
def seal(data: FolderOption = Path(".local")) -> None:
    """Encrypt every stored secret with the first key of `SECRETS_KEY`; a service also does this when it starts."""
    _rewrite(data, open_=False)


@app.command()
def unseal(data: FolderOption = Path(".local")) -> None:
    """Store every secret in the clear before a permanent rollback: the previous release cannot decrypt them."""
    _rewrite(data, open_=True)


def _rewrite(data: Path, *, open_: bool) -> None:
    log_for_people()

    async def act() -> dict[str, int]:
        async with backing_services(data) as backing:
            return {
                own.service.name: await _rewritten(own, open_=open_)
                for own in system_settings(backing)
                if own.service.name in {"news_ingestion", "alerts"}
            }

    for name, count in run(act()).items():
        console.print(f"{name}: {count}")


async def _rewritten(settings: ServiceSettings, *, open_: bool) -> int:
    columns = import_module(f"{settings.service.name}.models").SEALED
    database = Database(settings)
    try:
        return await (unseal_all if open_ else seal_all)(database, SecretBox(settings.secrets_key), columns)
    finally:
        await database.close()
