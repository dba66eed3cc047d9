"""Who may do what: keys with scopes, tokens between services, limits for each caller."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from pydantic import SecretStr
from sqlalchemy import event
from starlette.types import Message

from common.access.auth import (
    NewApiKey,
    Scope,
    insert_api_key,
    new_api_key,
    revoke_api_key,
    sign_service_token,
)
from common.api.routing import ServiceRoute
from tests.conftest import RunningService, StartService

SECRET = "a secret for tests of 32 characters or more"
OLD, NEW = "an old secret of 32 characters or more", "a new secret of 32 characters or more"


async def create_key(service: RunningService, *scopes: Scope, valid_hours: float = 1) -> NewApiKey:
    now = service.runtime.clock.now()
    key = new_api_key("test", scopes, now + timedelta(hours=valid_hours))
    async with service.database.transaction() as connection:
        await insert_api_key(connection, service.runtime.tables.api_key, key.record, now)
    return key


def forget_keys(service: RunningService) -> None:
    """Let the next request read the keys again, although they are younger than two seconds."""
    service.runtime.authenticator._loaded_at = float("-inf")


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


@pytest.mark.parametrize(
    ("signed_with", "accepted", "status"),
    [
        (OLD, OLD, 200),
        (f"{OLD},{NEW}", OLD, 200),
        (OLD, f"{OLD}, {NEW}", 200),
        (f"{NEW},{OLD}", f"{OLD},{NEW}", 200),
        (NEW, f"{NEW},{OLD}", 200),
        (f"{OLD},{NEW}", NEW, 401),
        (NEW, OLD, 401),
    ],
)
async def test_a_token_is_signed_with_the_first_secret_and_accepted_with_any(
    toy: StartService, signed_with: str, accepted: str, status: int
) -> None:
    token = sign_service_token(SecretStr(signed_with), "nlp-processing", 60)
    async with toy(service_token_secret=accepted) as service:
        answer = await service.client.get("/toy/v1/notes", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == status


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


NOW = int(time.time())
STRANGE = {
    "no issuer": {"aud": "mia", "exp": NOW + 60},
    "a number as issuer": {"iss": 7, "aud": "mia", "exp": NOW + 60},
    "a list as issuer": {"iss": ["nlp"], "aud": "mia", "exp": NOW + 60},
    "a NUL in the issuer": {"iss": "nlp\x00", "aud": "mia", "exp": NOW + 60},
    "a long issuer": {"iss": "n" * 1_000, "aud": "mia", "exp": NOW + 60},
    "no expiry": {"iss": "nlp", "aud": "mia"},
    "a list as expiry": {"iss": "nlp", "aud": "mia", "exp": [NOW]},
    "an expiry beyond any": {"iss": "nlp", "aud": "mia", "exp": float("inf")},
    "an expiry that is none": {"iss": "nlp", "aud": "mia", "exp": float("nan")},
    "an object as audience": {"iss": "nlp", "aud": {"mia": 1}, "exp": NOW + 60},
    "a list as moment": {"iss": "nlp", "aud": "mia", "exp": NOW + 60, "iat": []},
    "a beginning beyond any": {"iss": "nlp", "aud": "mia", "exp": NOW + 60, "nbf": float("inf")},
}


def signed(payload: bytes, header: bytes = b'{"alg":"HS256","typ":"JWT"}') -> str:
    parts = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, payload))
    digest = hmac.new(SECRET.encode(), parts, hashlib.sha256).digest()
    return (parts + b"." + base64.urlsafe_b64encode(digest).rstrip(b"=")).decode()


@pytest.mark.parametrize("kind", STRANGE)
async def test_a_rightly_signed_token_that_says_strange_things_is_refused(toy: StartService, kind: str) -> None:
    async with toy(service_token_secret=SECRET) as service:
        token = signed(json.dumps(STRANGE[kind]).encode())
        response = await service.client.get("/toy/v1/notes", headers={"Authorization": f"Bearer {token}"})

    assert response.status_code == 401, response.text


@pytest.mark.parametrize(
    "credential",
    [
        b"", b" ", b"mia_", b"mia__", b"mia_\xff\xfe_\xff", b"\xff\xfe\xfd", "日本.日本.日本".encode(), b"a.b.c",
        b"x" * 100_000, b"mia_" + b"x" * 100_000,
        signed(b"[" * 100_000).encode()[:4_000], signed(b"null").encode(), signed(b'"text"').encode(),
        signed(b"\xff").encode(), signed(b"{}", b"[" * 2_000).encode(), signed(b"{}", b'{"alg":7}').encode(),
        signed(b"{}", b'{"alg":"HS256","kid":7,"crit":["x"]}').encode(),
    ],
    ids=lambda credential: f"{credential[:12]!r} {len(credential)}",
)  # fmt: skip
@pytest.mark.parametrize("name", [b"authorization", b"x-api-key"])
async def test_no_bytes_in_a_credential_are_an_error_of_ours(toy: StartService, credential: bytes, name: bytes) -> None:
    async with toy(service_token_secret=SECRET) as service:
        value = b"Bearer " + credential if name == b"authorization" else credential
        response = await service.client.get("/toy/v1/notes", headers=[(name, value)])

    assert response.status_code == 401, response.text
    assert len(response.text) < 1_000


async def test_many_callers_at_once_read_the_keys_once(toy: StartService) -> None:
    async with toy(service_token_secret=SECRET) as service:
        key = await create_key(service, "read")
        forget_keys(service)
        read: list[str] = []
        engine = service.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: read.append(statement))
        authenticate = service.runtime.authenticator.authenticate
        text = key.text.get_secret_value()
        first = asyncio.create_task(authenticate(None, text))
        waiting = [asyncio.create_task(authenticate(None, text)) for _ in range(50)]
        await asyncio.sleep(0)
        first.cancel()
        principals = await asyncio.gather(*waiting)

    assert {principal.name for principal in principals} == {f"key:{key.record.key_id}"}
    # Once for the first and once more, at most, since it was cancelled; background workers read other tables.
    assert len([statement for statement in read if "api_key" in statement]) <= 2


class Body:
    """A request's body that notices whether anybody reads it."""

    def __init__(self) -> None:
        self.n_reads = 0

    async def __call__(self) -> Message:
        self.n_reads += 1
        return {"type": "http.request", "body": b"x" * 65_536, "more_body": True}


async def answer_without_body(
    service: RunningService, path: str, headers: dict[str, str], method: str = "POST"
) -> tuple[int, int]:
    """Return the status of a request with 5 MB to come, and how often its body was read."""
    body, sent = Body(), []

    async def send(message: Message) -> None:
        sent.append(message)

    given = {"content-type": "application/json", "content-length": "5000000", **headers}
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "client": ("203.0.113.9", 1), "server": ("t", 80),
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
    }  # fmt: skip
    await service.app(scope, body, send)
    return sent[0]["status"], body.n_reads


async def test_who_may_not_enter_is_answered_before_the_body_is_read(toy: StartService) -> None:
    async with toy(service_token_secret=SECRET, rate_limit_per_minute=1) as service:
        reader, writer = await create_key(service, "read"), await create_key(service, "write")
        await service.client.post("/toy/v1/notes", json={"text": "the one of this minute"}, headers=header(writer))
        path, key = "/toy/v1/notes", {"Idempotency-Key": "one"}
        answers = {
            "no key": await answer_without_body(service, path, {}),
            "no key, to be answered once": await answer_without_body(service, path, key),
            "a wrong key": await answer_without_body(service, path, {"X-API-Key": "mia_00000000_wrong"}),
            "a key to read": await answer_without_body(service, path, header(reader)),
            "too many": await answer_without_body(service, path, header(writer)),
            "too many, to be answered once": await answer_without_body(service, path, header(writer) | key),
        }

    assert answers == {
        "no key": (401, 0),
        "no key, to be answered once": (401, 0),
        "a wrong key": (401, 0),
        "a key to read": (403, 0),
        "too many": (429, 0),
        "too many, to be answered once": (429, 0),
    }


@pytest.mark.parametrize("name", ["news_ingestion", "nlp", "market_impact", "alerts"])
async def test_no_route_reads_the_body_of_a_stranger(start_service: StartService, name: str) -> None:
    async with start_service(name, service_token_secret=SECRET) as service:
        answers = {}
        for route in service.app.routes:
            if isinstance(route, ServiceRoute):
                path = re.sub(r"{[^}]*}", "00000000-0000-7000-8000-000000000000", route.path)
                for method in route.methods:
                    answers[method, path] = await answer_without_body(service, path, {}, method)

    assert len(answers) > 10
    assert set(answers.values()) == {(401, 0)}, answers
