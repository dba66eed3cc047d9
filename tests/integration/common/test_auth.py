"""Who may do what: keys with scopes, tokens between services, limits for each caller."""

from datetime import timedelta

import jwt
import pytest

from common.auth import NewApiKey, Scope, new_api_key, revoke_api_key, store_api_key
from tests.conftest import RunningService, StartService

SECRET = "a secret for tests, 32 characters or more"


async def create_key(service: RunningService, *scopes: Scope, valid_hours: float = 1) -> NewApiKey:
    now = service.runtime.clock.now()
    key = new_api_key("test", scopes, now + timedelta(hours=valid_hours))
    async with service.database.transaction() as connection:
        await store_api_key(connection, service.runtime.tables.api_key, key.record, now)
    return key


def header(key: NewApiKey) -> dict[str, str]:
    return {"X-API-Key": key.text.get_secret_value()}


async def test_without_any_credential_configured_everybody_may_enter(toy: StartService) -> None:
    async with toy() as service:
        assert (await service.client.get("/toy/v1/notes")).status_code == 200


async def test_a_key_opens_what_its_scopes_allow(toy: StartService) -> None:
    async with toy(service_token_secret=SECRET) as service:
        reader, writer = await create_key(service, "read"), await create_key(service, "write")

        anonymous = await service.client.get("/toy/v1/notes")
        reads = await service.client.get("/toy/v1/notes", headers=header(reader))
        as_bearer = {"Authorization": f"Bearer {reader.text.get_secret_value()}"}
        reads_as_bearer = await service.client.get("/toy/v1/notes", headers=as_bearer)
        may_not_write = await service.client.post("/toy/v1/notes", json={"text": "x"}, headers=header(reader))
        writes = await service.client.post("/toy/v1/notes", json={"text": "x"}, headers=header(writer))

        assert anonymous.status_code == 401
        assert anonymous.headers["www-authenticate"] == "Bearer"
        assert reads.status_code == reads_as_bearer.status_code == 200
        assert may_not_write.status_code == 403
        assert writes.status_code == 201


async def test_expired_revoked_and_invented_keys_are_refused(toy: StartService) -> None:
    async with toy(service_token_secret=SECRET) as service:
        expired = await create_key(service, "read", valid_hours=-1)
        revoked = await create_key(service, "read")
        async with service.database.transaction() as connection:
            now = service.runtime.clock.now()
            await revoke_api_key(connection, service.runtime.tables.api_key, revoked.record.key_id, now)
        invented = new_api_key("nobody", ("admin",), None)
        half_right = {"X-API-Key": f"mia_{expired.record.key_id}_wrong"}

        codes = [
            (await service.client.get("/toy/v1/notes", headers=headers)).json()["code"]
            for headers in (header(expired), header(revoked), header(invented), half_right)
        ]

        assert codes == ["expired_key", "revoked_key", "unknown_key", "unknown_key"]


async def test_a_key_is_stored_as_a_hash_and_never_shown(toy: StartService) -> None:
    async with toy() as service:
        key = await create_key(service, "read")

        assert key.text.get_secret_value() not in repr(key)
        assert key.text.get_secret_value().split("_", 2)[2] not in repr(key.record)


@pytest.mark.parametrize(
    ("signed_with", "age_seconds", "status"), [(SECRET, 0, 200), ("x" * 40, 0, 401), (SECRET, 999, 401)]
)
async def test_a_service_shows_a_signed_and_fresh_token(
    toy: StartService, signed_with: str, age_seconds: int, status: int
) -> None:
    async with toy(service_token_secret=SECRET) as service:
        issued = int(service.runtime.clock.now().timestamp()) - age_seconds
        token = jwt.encode({"iss": "nlp", "aud": "mia", "iat": issued, "exp": issued + 60}, signed_with, "HS256")

        response = await service.client.get("/toy/v1/notes", headers={"Authorization": f"Bearer {token}"})

        assert response.status_code == status


async def test_calls_to_a_neighbour_carry_a_token_that_it_accepts(toy: StartService) -> None:
    async with toy(service_token_secret=SECRET) as service:
        writer = await create_key(service, "write")
        await service.client.post("/toy/v1/notes:batch", json={"notes": [{"text": "a"}]}, headers=header(writer))
        await service.neighbour.wait_for_items(1)

        authorization = service.neighbour.requests[0].headers["authorization"]
        accepted = await service.client.get("/toy/v1/notes", headers={"Authorization": authorization})

        assert accepted.status_code == 200


async def test_above_the_limit_callers_are_told_when_to_come_back(toy: StartService) -> None:
    async with toy(rate_limit_per_minute=3, service_token_secret=SECRET) as service:
        key = await create_key(service, "read")
        answers = [await service.client.get("/toy/v1/notes", headers=header(key)) for _ in range(8)]

        refused = [answer for answer in answers if answer.status_code == 429]
        assert answers[0].headers["ratelimit-limit"] == "3"
        assert 2 <= len(refused) <= 5  # 5, or fewer when a minute begins in between
        assert 1 <= int(refused[-1].headers["retry-after"]) <= 61


async def test_an_admin_route_needs_the_scope_admin(toy: StartService) -> None:
    async with toy(service_token_secret=SECRET) as service:
        writer, admin = await create_key(service, "write"), await create_key(service, "admin")
        path = "/toy/v1/dead-letters/00000000-0000-7000-8000-000000000000:resend"

        refused = await service.client.post(path, headers=header(writer))
        admitted = await service.client.post(path, headers=header(admin))

        assert refused.status_code == 403
        assert admitted.status_code == 404
