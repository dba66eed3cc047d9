"""Authentication: API keys with scopes, hashed at rest, and signed, short-lived service tokens."""

import asyncio
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, get_args

import jwt
from pydantic import SecretStr
from sqlalchemy import Table, insert, select, update

from common.errors import Unauthorized
from common.foundation import Foundation
from common.postgres.database import Connection
from common.postgres.rows import columns_for, find_rows
from common.secrets.secret_box import keys_of

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_ALGORITHM = "HS256"
# How long a revoked key may still be honoured by a process that has just seen it.
_CACHE_SECONDS = 2.0
# Ours have 60 characters, tokens between services some 250.
_MAX_CREDENTIAL_CHARACTERS = 4_096
_ISSUER = re.compile(r"[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller: `name` is stable and safe to log, `scopes` are what it may do."""

    name: str
    scopes: frozenset[str]
    is_service: bool = False


ANONYMOUS = Principal("anonymous", frozenset(SCOPES))


class ApiKeyRecord(NamedTuple):
    """What is kept of a key: never the key itself."""

    key_id: str
    name: str
    secret_hash: str
    scopes: Sequence[str]
    expires_at: datetime | None
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Tell whether the key opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A fresh key: `text` is shown once, `record` is stored."""

    text: SecretStr
    record: ApiKeyRecord


def new_api_key(name: str, scopes: tuple[Scope, ...], expires_at: datetime | None) -> NewApiKey:
    """Return a key of the form `mia_<8 hex digits>_<43 characters>`; its secret has 256 bits, so one hash is enough."""
    key_id, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
    record = ApiKeyRecord(key_id, name, _digest(secret), scopes, expires_at, None)
    return NewApiKey(SecretStr(f"mia_{key_id}_{secret}"), record)


def sign_service_token(secret: SecretStr, caller: str, valid_seconds: int) -> str:
    """Return a token (JWT, HS256) with which the service `caller` introduces itself, signed with the first secret."""
    now = int(time.time())
    claims = {"iss": caller, "aud": "mia", "iat": now, "exp": now + valid_seconds}
    return jwt.encode(claims, keys_of(secret)[0], algorithm=_ALGORITHM)


class Authenticator:
    """Tells who is calling; lets everybody in while no credential of any kind is configured."""

    def __init__(self, foundation: Foundation) -> None:
        self._database = foundation.database
        self._table = foundation.tables.api_key
        settings = foundation.settings
        self._secrets = keys_of(settings.service_token_secret)
        self._asks_always = bool(self._secrets) and not settings.allow_anonymous_without_keys
        self._clock = foundation.clock
        self._keys: dict[str, ApiKeyRecord] = {}
        self._loaded_at = float("-inf")
        self._loading: asyncio.Task[None] | None = None

    async def is_required(self) -> bool:
        """Tell whether callers must show a credential: a token secret asks for one, or a key was ever created."""
        if self._asks_always:
            return True
        await self._refresh()
        return bool(self._keys)

    async def authenticate(self, authorization: str | None, api_key: str | None) -> Principal:
        """Return the caller that the headers `Authorization` and `X-API-Key` prove; `Unauthorized` otherwise."""
        bearer = authorization[7:] if authorization and authorization[:7].lower() == "bearer " else None
        shown = api_key or bearer
        if shown is None:
            if await self.is_required():
                raise Unauthorized(
                    "An API key is required: header X-API-Key or Authorization: Bearer.",
                    headers={"WWW-Authenticate": "Bearer"},
                )
            return ANONYMOUS
        if len(shown) > _MAX_CREDENTIAL_CHARACTERS:
            raise _refused(f"A credential has at most {_MAX_CREDENTIAL_CHARACTERS} characters.", "unknown_credential")
        if shown.startswith("mia_"):
            return await self._check_key(shown)
        return self._check_token(shown)

    async def _check_key(self, shown: str) -> Principal:
        _, key_id, secret = (*shown.split("_", 2), "", "")[:3]
        await self._refresh()
        record = self._keys.get(key_id)
        matches = hmac.compare_digest(record.secret_hash if record else "", _digest(secret))
        if record is None or not matches:
            raise _refused("The API key is unknown.", "unknown_key")
        if record.revoked_at is not None:
            raise _refused("The API key was revoked.", "revoked_key")
        if record.expires_at is not None and record.expires_at <= self._clock.now():
            raise _refused(f"The API key expired at {record.expires_at.isoformat()}.", "expired_key")
        return Principal(f"key:{key_id}", frozenset(record.scopes))

    def _check_token(self, shown: str) -> Principal:
        if not self._secrets:
            raise _refused("The credential is neither an API key nor a service token.", "unknown_credential")
        claims = self._claims(shown)
        issuer = claims.get("iss")
        if not isinstance(issuer, str) or not _ISSUER.fullmatch(issuer):
            raise _refused("The service token does not say who issued it.", "invalid_token")
        return Principal(f"service:{issuer}", frozenset({"read", "write"}), is_service=True)

    def _claims(self, shown: str) -> dict[str, object]:
        """Return what a token says that any of the secrets has signed."""
        for secret in self._secrets:
            try:
                claims: dict[str, object] = jwt.decode(
                    shown, secret, [_ALGORITHM], audience="mia", options={"require": ["exp"]}
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.ExpiredSignatureError as error:
                raise _refused("The service token expired.", "expired_token") from error
            except Exception as error:
                # Not only InvalidTokenError: numbers beyond any, lists for texts and deep nesting raise what they like.
                raise _refused("The service token is not valid.", "invalid_token") from error
            return claims
        raise _refused("The service token is not valid.", "invalid_token")

    async def _refresh(self) -> None:
        """Read the keys when they are two seconds old; requests that come meanwhile wait for the same reading."""
        if time.monotonic() - self._loaded_at < _CACHE_SECONDS:
            return
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
            self._loading.add_done_callback(self._loaded)
        # Shielded: the reading goes on for the others when one of them gives up.
        await asyncio.shield(self._loading)

    async def _load(self) -> None:
        begun = time.monotonic()
        async with self._database.reading() as connection:
            keys = await list_api_keys(connection, self._table)
        self._keys, self._loaded_at = {record.key_id: record for record in keys}, begun

    def _loaded(self, loading: asyncio.Task[None]) -> None:
        self._loading = None
        # Whoever waits is told; when nobody does any more, asyncio should not say that nobody asked.
        if not loading.cancelled():
            loading.exception()


async def list_api_keys(connection: Connection, table: Table) -> list[ApiKeyRecord]:
    """Return every key of the service, expired and revoked ones included, oldest first."""
    statement = select(*columns_for(ApiKeyRecord, table)).order_by(table.c.created_at)
    return await find_rows(connection, statement, ApiKeyRecord)


async def insert_api_key(connection: Connection, table: Table, record: ApiKeyRecord, created_at: datetime) -> None:
    """Store `record`; the same key may be stored in the databases of several services."""
    await connection.execute(
        insert(table).values(
            key_id=record.key_id,
            name=record.name,
            secret_hash=record.secret_hash,
            scopes=list(record.scopes),
            created_at=created_at,
            expires_at=record.expires_at,
        )
    )


async def revoke_api_key(connection: Connection, table: Table, key_id: str, revoked_at: datetime) -> bool:
    """Revoke the key and return whether it existed and was still valid."""
    statement = (
        update(table).where(table.c.key_id == key_id, table.c.revoked_at.is_(None)).values(revoked_at=revoked_at)
    )
    return (await connection.execute(statement)).rowcount > 0


def _refused(detail: str, code: str) -> Unauthorized:
    return Unauthorized(detail, code=code, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
