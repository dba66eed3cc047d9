"""`mia check`: checks whether a running service is ready, and whether its models are the measured ones."""

from typing import Annotated

import httpx
import typer

from common.gateway import Service, service_named
from common.handover.gateway_client import gateway_client
from common.settings import ServiceSettings
from standalone.api_client import KeyAuth, RequestRefusedError
from standalone.commands.running import KeyFileOption, KeyOption, log_for_people, run, shown_key
from standalone.progress import console
from standalone.system.composition import load_settings

app = typer.Typer()


@app.command()
def check(
    service: Annotated[str, typer.Argument(help="news_ingestion, nlp, market_impact or alerts.", envvar="MIA_SERVICE")],
    url: Annotated[str, typer.Option(help="Address of the service itself: a gateway does not route `/ready`.")],
    api_key: KeyOption = None,
    api_key_file: KeyFileOption = None,
) -> None:
    """Call `/ready` and, if the service has one, its self-check; exit with status 2 when either fails.

    It authenticates with the given API key, or else with a service token signed with `SERVICE_TOKEN_SECRET`.
    """
    log_for_people()
    one = service_named(service)
    for line in run(_check(one, load_settings(one, gateway_url=url), shown_key(api_key, api_key_file))):
        console.print(line)


async def _check(service: Service, settings: ServiceSettings, auth: KeyAuth | None) -> list[str]:
    async with gateway_client(settings, None) as client:
        if auth is not None:
            client.auth = auth
        ready = await _asked(client, "GET", "/ready")
        document = await _asked(client, "GET", f"{service.prefix}/openapi.json")
        lines = [f"{service.name}: ready ({', '.join(ready.json()['checks'])})"]
        path = f"{service.base_path}/selfcheck"
        if path in document.json()["paths"]:
            answer = await _asked(client, "POST", path)
            lines.append(f"{service.name}: self-check {answer.json()}")
        return lines


async def _asked(client: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    """Return a success; `RequestRefusedError` with the answer otherwise."""
    try:
        response = await client.request(method, path)
    except httpx.TransportError as error:
        raise RequestRefusedError(f"{method} {client.base_url}{path}: {error!r}") from error
    if not response.is_success:
        raise RequestRefusedError(f"{method} {path} answered {response.status_code}: {response.text[:1000]}")
    return response
