"""`Idempotency-Key` on creating POSTs: the first answer is kept and given again, in one transaction with the work."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

from fastapi import Request, Response
from sqlalchemy import Row, delete, func, insert, select

from common.database import Connection
from common.errors import Unprocessable
from common.runtime import Runtime

Handler = Callable[[Request], Awaitable[Response]]

MAX_KEY_CHARACTERS = 255
_KEPT_HEADERS = ("content-type", "etag", "location")


async def answer_once(runtime: Runtime, request: Request, key: str, caller: str, handler: Handler) -> Response:
    """Return the answer of `handler`, or the stored one when `caller` used `key` on this route before.

    Raises
    ------
    Unprocessable
        The key is too long, or was used with another body.
    """
    if not 0 < len(key) <= MAX_KEY_CHARACTERS:
        raise Unprocessable(
            f"Idempotency-Key has 1 to {MAX_KEY_CHARACTERS} characters.", code="invalid_idempotency_key"
        )
    body_hash = hashlib.sha256(await request.body()).hexdigest()
    identity = {"key": key, "caller": caller, "route": f"{request.method} {request.scope['path']}"}
    async with runtime.database.transaction() as connection:
        # Two requests with one key run one after the other; the lock goes with the transaction.
        await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(json.dumps(identity), 0))))
        stored = await _find(runtime, connection, identity)
        if stored is not None:
            return _replay(stored, body_hash)
        request.state.connection = connection
        response = await handler(request)
        await _store(runtime, connection, identity, body_hash, response)
    return response


async def forget_old_answers(runtime: Runtime) -> None:
    """Delete answers older than `IDEMPOTENCY_RETENTION_HOURS`."""
    table = runtime.tables.idempotency_key
    limit = runtime.clock.now() - timedelta(hours=runtime.settings.idempotency_retention_hours)
    async with runtime.database.transaction() as connection:
        await connection.execute(delete(table).where(table.c.created_at < limit))


async def _find(runtime: Runtime, connection: Connection, identity: dict[str, str]) -> Row[tuple[object, ...]] | None:
    table = runtime.tables.idempotency_key
    conditions = [table.c[name] == value for name, value in identity.items()]
    return (await connection.execute(select(table).where(*conditions))).first()


async def _store(
    runtime: Runtime, connection: Connection, identity: dict[str, str], body_hash: str, response: Response
) -> None:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    await connection.execute(
        insert(runtime.tables.idempotency_key).values(
            **identity,
            body_hash=body_hash,
            status=response.status_code,
            headers=headers,
            body=bytes(response.body).decode(),
            created_at=runtime.clock.now(),
        )
    )


def _replay(stored: Row[tuple[object, ...]], body_hash: str) -> Response:
    if stored.body_hash != body_hash:
        raise Unprocessable("This Idempotency-Key was used with another body.", code="idempotency_key_reused")
    return Response(stored.body, stored.status, {**stored.headers, "Idempotent-Replayed": "true"})
