"""Settings: from the environment, from files, and never with a secret in sight."""

from pathlib import Path
from ssl import CERT_NONE, CERT_REQUIRED

import pytest
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection

from tests.toy_service import Settings


def test_secrets_are_read_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n", encoding="utf-8")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(secret))
    monkeypatch.setenv("DATABASE_HOST", "db.example")

    settings = Settings()

    assert settings.sqlalchemy_url().password == "hunter2"
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in repr(settings.sqlalchemy_url())


def test_the_environment_wins_over_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "level").write_text("ERROR", encoding="utf-8")
    monkeypatch.setenv("LOG_LEVEL_FILE", str(tmp_path / "level"))
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")

    assert Settings().log_level == "DEBUG"


def test_a_server_without_a_database_gets_the_name_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(database_url="postgresql://user:word@db.example:5433")

    assert settings.sqlalchemy_url().database == "toy"
    assert settings.sqlalchemy_url().port == 5433
    monkeypatch.setenv("TOY_DB", "other")
    assert settings.sqlalchemy_url().database == "other"


def test_a_wrong_value_is_refused_without_showing_it() -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(service_token_secret="too short")

    assert "too short" not in str(refused.value).replace("String should have at least", "")


def test_each_of_several_token_secrets_must_be_long_enough() -> None:
    assert Settings(service_token_secret=f"{'a' * 32}, {'b' * 32}").service_token_secret is not None
    with pytest.raises(ValidationError, match="32 characters or more"):
        Settings(service_token_secret=f"{'a' * 32},short")


def test_redis_is_addressed_by_url_or_by_host() -> None:
    assert Settings().redis_address() is None
    assert Settings(redis_host="cache", redis_password="a/b").redis_address() == "redis://:a%2Fb@cache:6379/0"
    assert Settings(redis_url="unix:///tmp/r").redis_address() == "unix:///tmp/r"


@pytest.mark.parametrize(
    ("tls", "expected"),
    [("require", {"cert_reqs": CERT_NONE, "check_hostname": False}), ("verify-full", {"cert_reqs": CERT_REQUIRED})],
)
def test_redis_is_called_by_tls_where_it_is_told_to(tls: str, expected: dict[str, object]) -> None:
    address = Settings(redis_host="cache.example", redis_tls=tls).redis_address()

    connection = Redis.from_url(str(address)).connection_pool.make_connection()

    assert isinstance(connection, SSLConnection)
    assert {name: getattr(connection.ssl_context, name) for name in expected} == expected
    assert connection.ssl_context.check_hostname is (tls == "verify-full")


@pytest.mark.parametrize(
    ("label", "is_on_trial"),
    [(None, False), ("nlp-processing", True), ("nlp-processing-primary", False), ("primary-nlp", True), ("", True)],
)
def test_a_process_is_on_trial_where_its_pods_label_is_not_a_primarys(label: str | None, is_on_trial: bool) -> None:
    assert Settings(pod_app=label).is_on_trial is is_on_trial
