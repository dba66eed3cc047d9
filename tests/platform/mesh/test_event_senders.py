"""Who may send events of the platform without a key: Flagger, and only where the mesh proves that it is Flagger."""

import json

import pytest

from charts.rendering import ENVIRONMENTS, render, rendered
from common.gateway import ALERTS, SERVICES
from tests.platform.support.chart import JSON, of_kind

FLAGGER = "spiffe://cluster.local/ns/flagger-system/sa/flagger"


def admitted(objects: tuple[JSON, ...] | list[JSON]) -> dict[str, list[str]]:
    """Return the identities that each service admits without a credential."""
    settings = {name: config["data"] for name, config in of_kind(objects, "ConfigMap").items()}
    return {
        service.kubernetes_name: json.loads(settings[service.kubernetes_name].get("MESH_PRINCIPALS", "[]"))
        for service in SERVICES
    }


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_alerts_admit_flagger_where_it_is_and_no_other_service_does(environment: str) -> None:
    expected = {service.kubernetes_name: [] for service in SERVICES}
    if environment != "development":
        expected[ALERTS.kubernetes_name] = [FLAGGER]

    assert admitted(rendered(environment)) == expected


def test_without_flagger_nobody_is_admitted() -> None:
    objects = render("production", {"flagger": {"enabled": False}})

    assert set(map(tuple, admitted(objects).values())) == {()}


def test_another_trust_domain_names_flagger_otherwise() -> None:
    objects = render("production", {"istio": {"trustDomain": "example.com"}})

    assert admitted(objects)[ALERTS.kubernetes_name] == [FLAGGER.replace("cluster.local", "example.com")]
