"""Settings of a service: environment variables, and secrets from files named by `NAME_FILE`."""

import os
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import URL, make_url

from common.gateway import Service
from common.secrets.secret_box import keys_of


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
    """Settings that all four services share; each service adds its own fields in a subclass.

    Notes
    -----
    Every field is read from the environment variable of the same name in upper case, or from the file that the
    variable `<NAME>_FILE` names. Units are part of the description.
    """

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True, validate_default=True)
    service: ClassVar[Service]

    environment: Literal["development", "staging", "production"] = Field(
        "development", description="Environment name; a label of logs and traces."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Minimum log level.")
    log_format: Literal["json", "console"] = Field(
        "json", description="JSON lines for machines, or coloured lines for people."
    )

    database_url: SecretStr | None = Field(
        None,
        description="PostgreSQL URL: `postgresql://user:password@host:port[/database]`. Without a database, each "
        "service adds its own. Overrides the other `DATABASE_...` settings.",
    )
    database_host: str = Field("127.0.0.1", description="PostgreSQL host.")
    database_port: int = Field(5432, ge=1, le=65535, description="PostgreSQL port.")
    database_username: str = Field("postgres", description="PostgreSQL user.")
    database_password: SecretStr | None = Field(None, description="PostgreSQL password.")
    database_ssl_mode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "prefer", description="TLS mode for connections to PostgreSQL, as libpq defines it."
    )
    db_pool_max_size: int = Field(20, ge=1, le=500, description="Maximum PostgreSQL connections per process.")
    db_connection_timeout: int = Field(
        60_000, ge=1, description="Milliseconds to wait for a PostgreSQL connection, pooled or new."
    )
    redis_url: SecretStr | None = Field(
        None, description="Redis URL: `redis://[:password@]host:port/0` or `unix://path`. Overrides `REDIS_HOST`."
    )
    redis_host: str | None = Field(
        None,
        description="Redis host. It holds the counters of the rate limit; without it, each process counts alone.",
    )
    redis_port: int = Field(6379, ge=1, le=65535, description="Redis port.")
    redis_password: SecretStr | None = Field(None, description="Redis password.")
    redis_tls: Literal["disable", "require", "verify-full"] = Field(
        "disable",
        description="TLS for connections to `REDIS_HOST`: none, encrypted, or encrypted with the certificate and its "
        "name verified against the system's authorities. With `REDIS_URL`, write `rediss://` instead.",
    )

    gateway_url: str = Field(
        "http://127.0.0.1:8000", description="URL of the gateway, through which services call each other."
    )
    http_timeout_seconds: float = Field(
        30.0, gt=0, description="Timeout in seconds for a call to another service, until the last byte of the response."
    )
    service_token_secret: SecretStr | None = Field(
        None,
        description="Comma-separated secrets (32 characters or more each) for the short-lived tokens with which "
        "services call each other. The first signs; tokens signed by any of them are accepted. Setting it turns on "
        "authentication.",
    )
    allow_anonymous_without_keys: bool = Field(
        False,
        description="Whether requests without a key are accepted until the first API key is created, even if a token "
        "secret is set. `mia up` and `mia up-processes` set it on a loopback address if they generate the "
        "secret.",
    )
    secrets_key: SecretStr | None = Field(
        None,
        description="Comma-separated keys (32 characters or more each) that encrypt stored secrets. The first key "
        "encrypts; every key decrypts. Required in staging and production by news ingestion and alerts. Without a "
        "key, secrets are stored in the clear.",
    )
    seal_delay_seconds: float = Field(
        0.0,
        ge=0,
        description="Seconds after the start until a process encrypts secrets that are stored in the clear or under "
        "an older key. Must exceed the time in which a rollout may be rolled back: the previous release cannot "
        "decrypt them.",
    )
    service_token_seconds: int = Field(60, ge=5, le=3600, description="Lifetime in seconds of a service token.")
    rate_limit_per_minute: int = Field(
        6_000, ge=1, description="Maximum requests per minute per API key, or per address while no key is configured."
    )
    max_body_bytes: int = Field(
        5 * 1024 * 1024, ge=1024, description="Maximum request body in bytes; a larger one is answered 413."
    )
    max_header_bytes: int = Field(
        32 * 1024,
        ge=8 * 1024,
        le=1024 * 1024,
        description="Maximum size in bytes of the request line and headers together; larger ones are answered 431. The "
        "Envoy of `mia up-processes` uses the same limit.",
    )
    request_receive_seconds: float = Field(
        30.0,
        gt=0,
        description="Timeout in seconds for receiving a request with its body; a slower one is answered 408.",
    )
    max_connections: int = Field(
        4_096, ge=1, description="Maximum open connections per process; one more is answered 503."
    )
    allowed_hosts: frozenset[str] = Field(
        default=frozenset(),
        description="JSON list of names accepted in `Host`, in addition to this machine's own, while no credential is "
        "configured. Any other name is answered 421.",
    )

    outbox_batch_items: int = Field(200, ge=1, le=500, description="Maximum rows per hand-over.")
    outbox_batch_bytes: int = Field(
        1024 * 1024,
        ge=1024,
        description="Maximum size in bytes of a hand-over; a larger row is sent alone. The size halves when the next "
        "service does not answer in time, and doubles up to this maximum while it answers quickly.",
    )
    outbox_workers: int = Field(
        2,
        ge=1,
        le=16,
        description="Concurrent hand-overs per process. One more worker handles rows that failed before.",
    )
    outbox_poll_seconds: float = Field(
        1.0, gt=0, description="Polling interval in seconds for rows written by other replicas."
    )
    outbox_backoff_max_seconds: float = Field(
        30.0, gt=0, description="Maximum back-off in seconds after failed hand-overs."
    )
    outbox_max_attempts: int = Field(
        12,
        ge=1,
        description="Failed attempts per row until it becomes a dead letter. Server errors count, and so do timeouts "
        "while other rows get through. An unreachable service never counts.",
    )
    event_retention_hours: float = Field(24.0, gt=0, description="Hours that events are kept in the event log.")
    stream_max_seconds: float = Field(
        3_600.0, gt=0, description="Maximum duration of a stream in seconds; the client then resumes."
    )
    idempotency_retention_hours: float = Field(24.0, gt=0, description="Hours that an `Idempotency-Key` is kept.")

    pod_app: str | None = Field(
        None,
        description="Label `app` of the pod, set where Flagger releases the service. Background work (fetching, "
        "hand-overs, deliveries, recording, pruning) then runs only in pods whose label ends in `-primary`, so that a "
        "release on trial does nothing but answer requests.",
    )

    otel_exporter_otlp_endpoint: str | None = Field(
        None, description="OTLP/HTTP endpoint of a collector. Without it, tracing is off."
    )
    otel_traces_sampler_ratio: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the traces begun by the service that are recorded, in [0, 1]. A caller's decision is "
        "followed.",
    )

    @field_validator("secrets_key", "service_token_secret")
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

    @property
    def is_on_trial(self) -> bool:
        """Whether this process is a canary: Flagger ends the label `app` of every other pod in `-primary`."""
        return self.pod_app is not None and not self.pod_app.endswith("-primary")

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
        address = f"{password}{self.redis_host}:{self.redis_port}/0"
        match self.redis_tls:
            case "disable":
                return f"redis://{address}"
            case "require":
                return f"rediss://{address}?ssl_cert_reqs=none&ssl_check_hostname=false"
            case "verify-full":
                return f"rediss://{address}?ssl_cert_reqs=required&ssl_check_hostname=true"
