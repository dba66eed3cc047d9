"""Who may call whom, in a mesh that only takes mutual TLS."""

import time

import httpx
import jwt
import pytest
from pydantic import SecretStr

from charts.rendering import NAMESPACE
from common.access.auth import sign_service_token
from common.gateway import SERVICES
from tests.drill.releases import HOST, Releases

pytestmark = pytest.mark.drill


def test_a_plain_connection_to_a_pod_is_refused(releases: Releases) -> None:
    for service in SERVICES:
        (pod, *_others) = releases.cluster.pods(NAMESPACE, app=f"{service.kubernetes_name}-primary")
        with httpx.Client(trust_env=False, timeout=10) as http, pytest.raises(httpx.TransportError):
            http.get(f"http://{pod['status']['podIP']}:{service.port}/ready")


def test_clients_come_in_by_tls_with_a_key_and_by_the_public_name(releases: Releases) -> None:
    door = releases.door
    with door.client() as http:
        answered = door.ask(http, "GET", "/alerts/v1/rules").status_code
        keyless = http.get("/alerts/v1/rules", headers={"X-API-Key": ""}, extensions={"sni_hostname": HOST})
        forged = http.get(
            "/alerts/v1/rules",
            headers={"Host": "internal-gateway.istio-ingress.svc.cluster.local"},
            extensions={"sni_hostname": HOST},
        )

    assert (answered, keyless.status_code) == (200, 401)
    assert forged.status_code in {404, 421}


def test_a_stranger_of_the_mesh_is_refused_by_the_services_and_at_their_door(releases: Releases) -> None:
    cluster = releases.cluster
    (stranger, *_others) = cluster.pods("flagger-system", **{"app.kubernetes.io/name": "flagger"})
    assert cluster.call_by_gateway(stranger, "/nlp/v1/counts", "--header", f"X-API-Key: {cluster.key}") == 403
    for service in SERVICES:
        assert cluster.call_from(stranger, service, "--header", f"X-API-Key: {cluster.key}") == 403


@pytest.mark.parametrize("caller", [service.kubernetes_name for service in SERVICES])
def test_services_call_each_other_by_the_gateway_alone(releases: Releases, caller: str) -> None:
    cluster = releases.cluster
    (pod, *_others) = cluster.pods(NAMESPACE, app=f"{caller}-primary")
    for called in SERVICES:
        if called.kubernetes_name != caller:
            assert cluster.call_from(pod, called) == 403, f"{caller} calls {called.kubernetes_name}"


def test_the_load_tester_may_call_a_service_and_needs_a_key_there(releases: Releases) -> None:
    cluster = releases.cluster
    (pod, *_others) = cluster.pods(NAMESPACE, app="flagger-loadtester")
    for service in SERVICES:
        assert cluster.call_from(pod, service) == 401
        assert cluster.call_from(pod, service, "--header", f"X-API-Key: {cluster.key}") == 200


def test_a_service_is_known_by_its_token_alone(releases: Releases) -> None:
    """By the door for services, too: a token that somebody else signed or that is old is refused."""
    cluster = releases.cluster
    (pod, *_others) = cluster.pods(NAMESPACE, app="news-ingestion-primary")
    right, wrong = SecretStr(cluster.token_secret), SecretStr("somebody else's secret of 32 characters or more")
    claims = {"iss": "news-ingestion", "aud": "mia", "exp": int(time.time()) + 60}
    tokens = {
        "signed": sign_service_token(right, "news-ingestion", 60),
        "signed by somebody else": sign_service_token(wrong, "news-ingestion", 60),
        "expired": sign_service_token(right, "news-ingestion", -60),
        "unsigned": jwt.encode(claims, None, algorithm="none"),
    }
    found = {
        what: cluster.call_by_gateway(pod, "/nlp/v1/counts", "--header", f"Authorization: Bearer {token}")
        for what, token in tokens.items()
    }

    assert found == {"signed": 200, "signed by somebody else": 401, "expired": 401, "unsigned": 401}
    assert cluster.call_by_gateway(pod, "/nlp/v1/counts") == 401
