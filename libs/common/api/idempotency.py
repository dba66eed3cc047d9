"""`Idempotency-Key` on POSTs that create: the first response is stored with the work in one transaction, and repeated.

What an answer shows only once is not kept: neither the stored answer nor its replay holds it.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from fastapi import Request, Response
from pydantic import BaseModel
from sqlalchemy import delete, func, insert, select

from common.errors import Conflict, Unprocessable
from common.postgres.database import Connection
from common.postgres.rows import columns_for, find_row
from common.runtime import Runtime

Handler = Callable[[Request], Awaitable[Response]]

MAX_KEY_CHARACTERS = 255
_KEPT_HEADERS = ("content-type", "etag", "location")


class _StoredAnswer(NamedTuple):
    """The answer to the first request with a key, and the hash of that request's body."""

    body_hash: str
    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """Marks a field of an answer, within `Annotated`, that only the first answer shows; a replay has null there."""


def fields_shown_once(model: object) -> frozenset[str]:
    """Return the names of the fields of `model`, a class of answers, that are marked with `ShownOnce`."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return frozenset()
    marked = {name: field.metadata for name, field in model.model_fields.items()}
    return frozenset(name for name, metadata in marked.items() if any(isinstance(one, ShownOnce) for one in metadata))


async def answer_once(
    runtime: Runtime, request: Request, caller: str, handler: Handler, *, shown_once: frozenset[str]
) -> Response:
    """Return the answer of `handler`, or the stored one when `caller` used this `Idempotency-Key` here before.

    Notes
    -----
    The request has one transaction, which the handler shares. It is opened when the handler first asks for it: what
    the handler waits for or computes before, it does without a connection. Of two requests at once with one key only
    one gets so far; the other is told so, or gets its answer.

    Raises
    ------
    Unprocessable
        The key is too long, or was used with another body.
    Conflict
        Another request with this key is under way.
    """
    key = request.headers["Idempotency-Key"]
    if not 0 < len(key) <= MAX_KEY_CHARACTERS:
        raise Unprocessable(
            f"Idempotency-Key must have 1 to {MAX_KEY_CHARACTERS} characters.", code="invalid_idempotency_key"
        )
    body_hash = hashlib.sha256(await request.body()).hexdigest()
    identity = {"key": key, "caller": caller, "route": f"{request.method} {request.scope['path']}"}
    async with runtime.database.reading() as connection:
        stored = await _find(runtime, connection, identity)
    if stored is not None:
        return _replay(stored, body_hash, shown_once)
    try:
        async with AsyncExitStack() as stack:
            shared = _SharedTransaction(runtime, identity, stack)
            request.state.transaction = shared.joined
            response = await handler(request)
            connection = await shared.connection()
            await _store(runtime, connection, identity, response, body_hash=body_hash, shown_once=shown_once)
    except _AnsweredMeanwhile as answered:
        return _replay(answered.stored, body_hash, shown_once)
    return response


class _AnsweredMeanwhile(Exception):
    """Another request with the key was answered since this one looked for an answer."""

    def __init__(self, stored: _StoredAnswer) -> None:
        super().__init__()
        self.stored = stored


class _SharedTransaction:
    """The one transaction of a request with a key, opened and claimed when it is first asked for."""

    def __init__(self, runtime: Runtime, identity: dict[str, str], stack: AsyncExitStack) -> None:
        self._runtime = runtime
        self._identity = identity
        self._stack = stack
        self._connection: Connection | None = None

    async def connection(self) -> Connection:
        """Return the connection, its key claimed; `_AnsweredMeanwhile` when somebody else's answer is there."""
        if self._connection is None:
            connection = await self._stack.enter_async_context(self._runtime.database.transaction())
            await _claim(connection, self._identity)
            stored = await _find(self._runtime, connection, self._identity)
            if stored is not None:
                raise _AnsweredMeanwhile(stored)
            self._connection = connection
        return self._connection

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[Connection]:
        """Yield the connection; the transaction outlasts the block, so that the answer is stored in it."""
        yield await self.connection()


async def _claim(connection: Connection, identity: dict[str, str]) -> None:
    """Let no other request with this key run beside this one; the claim goes with the transaction."""
    lock = func.hashtextextended(json.dumps(identity), 0)
    if not await connection.scalar(select(func.pg_try_advisory_xact_lock(lock))):
        raise Conflict(
            "A request with this Idempotency-Key is in progress; retry to get its response.",
            code="idempotency_key_in_use",
            headers={"Retry-After": "1"},
        )


async def forget_old_answers(runtime: Runtime) -> None:
    """Delete answers older than `IDEMPOTENCY_RETENTION_HOURS`."""
    table = runtime.tables.idempotency_key
    limit = runtime.clock.now() - timedelta(hours=runtime.settings.idempotency_retention_hours)
    async with runtime.database.transaction() as connection:
        await connection.execute(delete(table).where(table.c.created_at < limit))


async def _find(runtime: Runtime, connection: Connection, identity: dict[str, str]) -> _StoredAnswer | None:
    table = runtime.tables.idempotency_key
    conditions = [table.c[name] == value for name, value in identity.items()]
    return await find_row(connection, select(*columns_for(_StoredAnswer, table)).where(*conditions), _StoredAnswer)


async def _store(
    runtime: Runtime,
    connection: Connection,
    identity: dict[str, str],
    response: Response,
    *,
    body_hash: str,
    shown_once: frozenset[str],
) -> None:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    await connection.execute(
        insert(runtime.tables.idempotency_key).values(
            **identity,
            body_hash=body_hash,
            status=response.status_code,
            headers=headers,
            body=_without(bytes(response.body).decode(), shown_once)[0],
            created_at=runtime.clock.now(),
        )
    )


def _replay(stored: _StoredAnswer, body_hash: str, shown_once: frozenset[str]) -> Response:
    if stored.body_hash != body_hash:
        raise Unprocessable("This Idempotency-Key was used with a different body.", code="idempotency_key_reused")
    # The previous release kept whole answers.
    body, n_left_out = _without(stored.body, shown_once)
    marks = {"Idempotent-Replayed": "true"}
    if n_left_out:
        marks["Idempotent-Omits"] = ", ".join(sorted(shown_once))
    return Response(body, stored.status, {**stored.headers, **marks})


def _without(body: str, names: frozenset[str]) -> tuple[str, int]:
    """Return the JSON object `body` with null for the fields `names`, and how many of them it has."""
    if not names:
        return body, 0
    document = json.loads(body)
    found = names & document.keys()
    return json.dumps(document | dict.fromkeys(found), ensure_ascii=False, separators=(",", ":")), len(found)
