"""`mia up`, `mia up-processes`, `mia serve`, `mia migrate`: run the system or one service."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from common.gateway import SERVICES, service_named
from common.telemetry.logging import configure_logging
from standalone.api_client import OwnerAuth, SystemClient, system_client
from standalone.commands.running import log_for_people, run
from standalone.progress import console
from standalone.replay.first_run import (
    draw_event_studies,
    fired_alerts,
    is_empty,
    pages_to_open,
    replay_sample,
    strongest_impacts,
)
from standalone.system.backing import prepare_database
from standalone.system.composition import load_app, load_settings
from standalone.system.http_protocol import RequestLimits
from standalone.system.processes import process_system
from standalone.system.server import bound_host, listen, serving
from standalone.system.standing_up import secured, standalone
from standalone.system.supervision import Supervisor, supervised

app = typer.Typer()

FolderOption = Annotated[Path, typer.Option("--data", help="Folder of the embedded PostgreSQL.", envvar="MIA_DATA")]
PortOption = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")]
HostOption = Annotated[
    str, typer.Option(help="Address or host name to listen on; any but loopback needs a credential.")
]
OnceOption = Annotated[bool, typer.Option("--once", help="Stop after showing the results instead of serving on.")]
SampleOption = Annotated[bool, typer.Option(help="Replay the bundled sample when the database is empty.")]


@app.command()
def up(
    data: FolderOption = Path(".local"),
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    once: OnceOption = False,
    sample: SampleOption = True,
) -> None:
    """Start everything in one process; on the first start, replay the bundled sample and show the results."""
    log_for_people()
    run(_up(data, host, port, once=once, sample=sample))


async def _up(folder: Path, host: str, port: int, *, once: bool, sample: bool) -> None:
    started = time.monotonic()
    console.print(f"Starting PostgreSQL, Redis and four services (data in {folder}) …")
    async with standalone(folder, host, port, console.print) as system:
        async with system_client(system.address, OwnerAuth(system.token_secret)) as client:
            await client.request("GET", "/ready")
            console.print(f"Ready after {time.monotonic() - started:.1f} s at {escape(system.address)}")
            if await _show(client, system.address, system.stop, sample=sample) and not once:
                console.print("Serving; Ctrl-C stops everything.")
                await system.stop.wait()
        console.print("Stopping …")
    console.print("Stopped.")


async def _show(client: SystemClient, address: str, stop: asyncio.Event, *, sample: bool) -> bool:
    """Show the tables of the first run; returns False when the process was asked to stop meanwhile."""

    async def show() -> None:
        pictures: dict[str, str] = {}
        if sample and await is_empty(client):
            console.print(await replay_sample(client))
            pictures = await draw_event_studies(client)
        console.print(await strongest_impacts(client))
        console.print(await fired_alerts(client))
        console.print(pages_to_open(address, pictures))

    showing, stopping = asyncio.create_task(show()), asyncio.create_task(stop.wait())
    await asyncio.wait({showing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not showing.done():
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        return False
    await showing
    return True


@app.command("up-processes")
def up_processes(data: FolderOption = Path(".local"), host: HostOption = "127.0.0.1", port: PortOption = 8000) -> None:
    """Start the four services as processes behind Envoy, with the configured or embedded PostgreSQL and Redis."""
    log_for_people()
    run(_up_processes(data, host, port))


async def _up_processes(folder: Path, host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with process_system(folder, port, host) as system:
        console.print(f"Ready at {escape(system.address)}: Envoy and {', '.join(system.ports)}")
        console.print("Serving; Ctrl-C stops everything.")
        async with supervised(Supervisor(system.parts(), console.print), stop):
            await stop.wait()
        console.print("Stopping …")
    console.print("Stopped.")


@app.command()
def serve(
    service: Annotated[str, typer.Argument(help="news_ingestion, nlp, market_impact or alerts.", envvar="MIA_SERVICE")],
    host: HostOption = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; the default of the service when absent.")
    ] = None,
) -> None:
    """Serve one service, with PostgreSQL and Redis as configured by the environment."""
    run(_serve(service, host, port))


async def _serve(name: str, host: str, port: int | None) -> None:
    service = service_named(name)
    settings = load_settings(service)
    configure_logging(settings)
    with listen(host, service.port if port is None else port) as listener:
        access = await secured([settings], bound_host(listener))
        (settings,) = access.settings
        served = load_app(service, settings)
        async with serving(access.guarded(served, [served]), listener, RequestLimits.of(settings)) as stop:
            ending = asyncio.create_task(_stop_without_parent(stop))
            await stop.wait()
            ending.cancel()


async def _stop_without_parent(stop: asyncio.Event) -> None:
    """Ask to stop once the process that has started this one is gone; its watchdog is quicker, if it lives."""
    parent = os.environ.get("MIA_PARENT_PID")
    while parent is not None and not stop.is_set():
        if str(os.getppid()) != parent:
            stop.set()
        await asyncio.sleep(1.0)


@app.command()
def migrate(
    service: Annotated[
        str | None, typer.Argument(help="One service; all four when absent.", envvar="MIA_SERVICE")
    ] = None,
) -> None:
    """Create missing databases and migrate all of them to the newest schema."""
    log_for_people()
    services = [service_named(service)] if service else SERVICES
    for one in services:
        revision = run(prepare_database(load_settings(one).sqlalchemy_url(), one))
        console.print(f"{one.name}: {revision}")
