"""Secrets of receivers and addresses that open something: sealed at rest, shown once, masked everywhere else."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from alerts.models import SEALED
from common.postgres.database import Database
from common.postgres.sealing import seal_all, unseal_all
from tests.conftest import RunningService, StartService
from tests.integration.alerts.conftest import deliver_due

ADDRESS = "https://93.184.216.34/services/T00/letmein?key=hunter2"
KEY = {"Idempotency-Key": "receiver-1"}
OLD, NEW = "the old key of 32 characters or more", "the new key of 32 characters or more"


async def everything(database: Database) -> str:
    """Return all that the database holds, as text."""
    async with database.reading() as connection:
        names = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        rows = [await connection.execute(text(f'SELECT t::text FROM "{name}" t')) for (name,) in names.all()]
        return "\n".join(str(line) for found in rows for (line,) in found.all())


async def create(service: RunningService, **headers: str) -> Any:
    body = {"name": "desk", "kind": "webhook", "url": ADDRESS}
    answer = await service.client.post("/alerts/v1/receivers", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_secret_is_shown_once_and_nothing_in_the_database_shows_it(start_service: StartService) -> None:
    async with start_service("alerts") as service:
        first, again = await create(service, **KEY), await create(service, **KEY)
        path = f"/alerts/v1/receivers/{first.json()['receiver_id']}"
        rotated = (await service.client.post(f"{path}:rotate-secret")).json()
        shown = [(await service.client.get(one)).text for one in (path, "/alerts/v1/receivers", "/metrics")]
        held = await everything(service.database)

    secrets = [first.json()["secret"], rotated["secret"]]
    assert all(secret.startswith("whsec_") for secret in secrets)
    assert again.json() == {**first.json(), "secret": None}
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["idempotent-omits"] == "secret"
    assert {"x-request-id", "ratelimit-remaining"} <= set(again.headers)
    for secret in (*secrets, "letmein", "hunter2"):
        assert secret not in held
        assert not [page for page in (*shown, again.text) if secret in page]
    assert first.json()["url"] == first.json()["config"]["url"] == "https://93.184.216.34/***"


async def test_the_address_as_it_is_shown_is_no_new_address(start_service: StartService) -> None:
    async with start_service("alerts") as service:
        created = (await create(service)).json()
        path = f"/alerts/v1/receivers/{created['receiver_id']}"
        body = {"name": "desk 2", "kind": "webhook", "url": created["url"]}
        kept = await service.client.put(path, json=body)
        before = await stored(service, "url")
        moved = await service.client.put(path, json={**body, "url": "https://93.184.216.34/other"})
        after = await stored(service, "url")

    assert (kept.status_code, moved.status_code) == (200, 200)
    assert service.runtime.secret_box.open(before) == ADDRESS
    assert service.runtime.secret_box.open(after) == "https://93.184.216.34/other"


async def stored(service: RunningService, column: str) -> str:
    async with service.database.reading() as connection:
        found = await connection.scalar(text(f"SELECT {column} FROM receiver WHERE kind = 'webhook'"))
    return str(found)


async def test_what_the_release_before_stored_is_sealed_and_can_be_opened_for_it(start_service: StartService) -> None:
    async with start_service("alerts", secrets_key=None) as before:
        created = (await create(before)).json()
        assert await stored(before, "secret") == created["secret"]
        database, box = before.database, (await sealed_by(start_service, before))
        sealed = await stored(before, "secret")
        await unseal_all(database, box, SEALED)
        opened = await stored(before, "secret")

    assert created["secret"] not in sealed
    assert opened == created["secret"]


async def sealed_by(start_service: StartService, before: RunningService) -> Any:
    name = before.database.engine.url.database
    async with start_service("alerts", database=name, secrets_key=OLD) as after:
        await seal_all(after.database, after.runtime.secret_box, SEALED)
        return after.runtime.secret_box


async def test_a_new_key_seals_again_what_the_old_one_sealed(start_service: StartService) -> None:
    async with start_service("alerts", secrets_key=OLD) as old:
        secret = (await create(old)).json()["secret"]
        name = old.database.engine.url.database
        async with start_service("alerts", database=name, secrets_key=f"{NEW},{OLD}") as both:
            await seal_all(both.database, both.runtime.secret_box, SEALED)
        async with start_service("alerts", database=name, secrets_key=NEW) as new:
            assert new.runtime.secret_box.open(await stored(new, "secret")) == secret
            listed = await new.client.get("/alerts/v1/receivers")

    assert "https://93.184.216.34/***" in listed.text


async def test_without_its_key_a_receiver_is_listed_and_its_deliveries_say_why(start_service: StartService) -> None:
    async with start_service("alerts", secrets_key=OLD) as old:
        path = f"/alerts/v1/receivers/{(await create(old)).json()['receiver_id']}"
        name = old.database.engine.url.database
        old.engine.dispatcher.stop()
        async with start_service("alerts", database=name, secrets_key=NEW) as new:
            listed = await new.client.get(path)
            tested = (await new.client.post(f"{path}:test")).json()
            await deliver_due(new.engine.dispatcher)
            attempts = f"/alerts/v1/deliveries/{tested['delivery_id']}/attempts"
            while not (tried := (await new.client.get(attempts)).json()["data"]):
                await deliver_due(new.engine.dispatcher)

    assert (listed.status_code, listed.json()["url"]) == (200, None)
    assert "SECRETS_KEY" in tried[0]["error"]


async def test_an_answer_that_the_release_before_kept_is_replayed_without_its_secret(
    start_service: StartService,
) -> None:
    async with start_service("alerts") as service:
        first = await create(service, **KEY)
        async with service.database.transaction() as connection:
            await connection.execute(text("UPDATE idempotency_key SET body = :body"), {"body": first.text})
        again = await create(service, **KEY)

    assert json.loads(again.text)["secret"] is None


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("name", ["alerts", "news_ingestion"])
async def test_a_service_with_secrets_to_keep_does_not_start_without_a_key(
    start_service: StartService, name: str, environment: str
) -> None:
    with pytest.raises(ValueError, match="SECRETS_KEY"):
        async with start_service(name, secrets_key=None, environment=environment):
            pass
