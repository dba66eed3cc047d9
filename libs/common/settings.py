"""Settings of a service: environment variables, and secrets from files named by `NAME_FILE`."""

import os
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import URL, make_url

from common.gateway import Service
from common.secrets.secret_box import keys_of

SettingsT = TypeVar("SettingsT", bound="ServiceSettings")


class SecretFileSource(PydanticBaseSettingsSource):
    """Reads a setting from the file that `<NAME>_FILE` names, as Docker and Kubernetes mount secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """Return the file's content without its trailing newline, or None when no file is named."""
        path = os.environ.get(f"{field_name.upper()}_FILE")
        value = Path(path).read_text(encoding="utf-8").rstrip("\r\n") if path else None
        return value, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return every setting that a file gives."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class ServiceSettings(BaseSettings):
    """What all four services are configured by; each service adds its own fields in a subclass.

    Notes
    -----
    Every field is read from the environment variable of the same name in upper case, or from the file that the
    variable `<NAME>_FILE` names. Units are part of the description.
    """

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True, validate_default=True)
    service: ClassVar[Service]

    environment: Literal["development", "staging", "production"] = Field(
        "development", description="Name of the environment, a label of logs and traces."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe level logged.")
    log_format: Literal["json", "console"] = Field(
        "json", description="JSON lines for machines, or coloured lines for people."
    )

    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL server as `postgresql://user:password@host:port[/database]`. Without a database in it, "
        "each service adds its own name. Wins over the single `DATABASE_...` settings.",
    )
    database_host: str = Field("127.0.0.1", description="Host of PostgreSQL.")
    database_port: int = Field(5432, ge=1, le=65535, description="Port of PostgreSQL.")
    database_username: str = Field("postgres", description="User at PostgreSQL.")
    database_password: SecretStr | None = Field(None, description="Password at PostgreSQL.")
    database_ssl_mode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "prefer", description="TLS towards PostgreSQL, in libpq's words."
    )
    db_pool_max_size: int = Field(20, ge=1, le=500, description="Most connections to PostgreSQL of one process.")
    db_connection_timeout: int = Field(
        60_000, ge=1, description="Milliseconds to wait for a connection to PostgreSQL, from the pool or a new one."
    )
    redis_url: SecretStr | None = Field(
        None, description="Redis as `redis://[:password@]host:port/0` or `unix://path`. Wins over `REDIS_HOST`."
    )
    redis_host: str | None = Field(
        None, description="Host of Redis. Without Redis the services run uncached and count rate limits per process."
    )
    redis_port: int = Field(6379, ge=1, le=65535, description="Port of Redis.")
    redis_password: SecretStr | None = Field(None, description="Password at Redis.")

    gateway_url: str = Field("http://127.0.0.1:8000", description="The one address through which services are called.")
    http_timeout_seconds: float = Field(
        30.0, gt=0, description="Seconds for a whole call to a neighbour, the last byte of its answer included."
    )
    service_token_secret: SecretStr | None = Field(
        None,
        min_length=32,
        description="Secret (32 characters or more) that signs the short-lived tokens between services. Setting it "
        "turns authentication on.",
    )
    allow_anonymous_without_keys: bool = Field(
        False,
        description="Let everybody in as long as no API key was ever created, although a token secret is set. "
        "`mia up` and `mia up-processes` set it on a loopback address when they make the secret themselves.",
    )
    secrets_key: SecretStr | None = Field(
        None,
        description="Keys (32 characters or more, several separated by commas) under which secrets are stored: the "
        "first one seals, each of them opens. Needed in staging and production by news ingestion and alerts; without "
        "it secrets are stored in the clear.",
    )
    seal_delay_seconds: float = Field(
        0.0,
        ge=0,
        description="Seconds after its start until a process seals what is stored in the clear or under an older key: "
        "longer than a rollout that may be taken back, because the previous release cannot open what is sealed.",
    )
    service_token_seconds: int = Field(60, ge=5, le=3600, description="Seconds that a token between services is valid.")
    rate_limit_per_minute: int = Field(
        6_000, ge=1, description="Requests a minute for one API key, or for one address where no key is configured."
    )
    max_body_bytes: int = Field(5 * 1024 * 1024, ge=1024, description="Largest request body in bytes; above it: 413.")
    max_header_bytes: int = Field(
        32 * 1024,
        ge=8 * 1024,
        le=1024 * 1024,
        description="Largest request line and headers together in bytes, of Envoy on one machine too; above it: 431.",
    )
    request_receive_seconds: float = Field(
        30.0, gt=0, description="Seconds for a whole request to arrive, its body included; after them: 408."
    )
    max_connections: int = Field(
        4_096, ge=1, description="Maximum connections that one process has open; one more is answered 503."
    )
    allowed_hosts: frozenset[str] = Field(
        default=frozenset(),
        description="Names, as a JSON list, that `Host` may have besides this machine's own while no credential is "
        "configured; any other is answered 421.",
    )

    outbox_batch_items: int = Field(200, ge=1, le=500, description="Most rows that one hand-over carries.")
    outbox_batch_bytes: int = Field(
        1024 * 1024,
        ge=1024,
        description="Largest hand-over in bytes; a single row above it goes alone. It halves when the neighbour gives "
        "no answer in time, and doubles back while the neighbour is quick.",
    )
    outbox_workers: int = Field(
        2,
        ge=1,
        le=16,
        description="Hand-overs that one process runs at the same time; rows that failed before have one more.",
    )
    outbox_poll_seconds: float = Field(1.0, gt=0, description="Seconds between looks for rows of other replicas.")
    outbox_backoff_max_seconds: float = Field(
        30.0, gt=0, description="Longest wait in seconds after failed hand-overs."
    )
    outbox_max_attempts: int = Field(
        12,
        ge=1,
        description="Failed attempts on one row until it is a dead letter: server errors, and answers that did not "
        "come in time while other rows got through. An unreachable neighbour never counts.",
    )
    event_retention_hours: float = Field(24.0, gt=0, description="Hours that the event log reaches back.")
    stream_max_seconds: float = Field(3_600.0, gt=0, description="Seconds until a stream ends and the client resumes.")
    idempotency_retention_hours: float = Field(24.0, gt=0, description="Hours that an `Idempotency-Key` is remembered.")

    otel_exporter_otlp_endpoint: str | None = Field(
        None, description="OTLP/HTTP endpoint of a collector. Tracing is off without it."
    )
    otel_traces_sampler_ratio: float = Field(1.0, ge=0, le=1, description="Share of traces kept, from 0 to 1.")

    @field_validator("secrets_key")
    @classmethod
    def _check_keys(cls, value: SecretStr | None) -> SecretStr | None:
        keys_of(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env file is read: one place for settings
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - replaced by SecretFileSource
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in order: arguments, environment, secret files."""
        return init_settings, env_settings, SecretFileSource(settings_cls)

    def sqlalchemy_url(self) -> URL:
        """Return where this service's database is, for SQLAlchemy's asyncpg dialect."""
        database = os.environ.get(self.service.database_setting, self.service.database_name)
        if self.database_url is not None:
            given = make_url(self.database_url.get_secret_value())
            return given.set(drivername="postgresql+asyncpg", database=given.database or database)
        password = self.database_password.get_secret_value() if self.database_password else None
        return URL.create(
            "postgresql+asyncpg", self.database_username, password, self.database_host, self.database_port, database
        )

    def redis_address(self) -> str | None:
        """Return the URL of Redis, or None when none is configured."""
        if self.redis_url is not None:
            return self.redis_url.get_secret_value()
        if self.redis_host is None:
            return None
        password = f":{quote(self.redis_password.get_secret_value(), safe='')}@" if self.redis_password else ""
        return f"redis://{password}{self.redis_host}:{self.redis_port}/0"
