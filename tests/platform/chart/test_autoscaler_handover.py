"""From plain autoscalers to those of KEDA and back, under the real Flagger: each workload has one, never two."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
import pytest

from charts.rendering import NAMESPACE, render
from tests.platform.support.api_server import APIServer, define, definitions, until
from tests.platform.support.chart import JSON
from tests.platform.support.clusters import step
from tests.platform.support.control_plane import ControlPlane
from tests.platform.support.flagger import start_flagger
from tests.platform.support.running import Process

NAME, PRIMARY = "alert-signal", "alert-signal-primary"
CANARY, KEDA, AUTOSCALING = "flagger.app/v1beta1", "keda.sh/v1alpha1", "autoscaling/v2"
KINDS = ("ConfigMap", "ServiceAccount", "Deployment", "HorizontalPodAutoscaler", "ScaledObject", "Canary")
PATIENCE_SECONDS = 120


@dataclass
class Rollouts:
    """A cluster with the real Flagger, and one service of staging in it."""

    server: APIServer
    flagger: Process

    def apply(self, changes: JSON) -> None:
        """Apply the service as the chart has it, and delete an autoscaler that the chart has no more, as Helm does."""
        values = {"flagger": {"interval": "10s"}, **changes}
        items = [one for one in render("staging", values) if one["metadata"]["name"] == NAME and one["kind"] in KINDS]
        for item in sorted(items, key=lambda one: KINDS.index(one["kind"])):
            self.server.apply(item)
        for kind, version in (("HorizontalPodAutoscaler", AUTOSCALING), ("ScaledObject", KEDA)):
            if kind not in {one["kind"] for one in items}:
                self.delete(kind, NAME, version)

    def delete(self, kind: str, name: str, version: str) -> None:
        answer = self.server.http.delete(self.server.path(version, kind, NAMESPACE, name))
        if answer.status_code != httpx.codes.NOT_FOUND:
            answer.raise_for_status()

    def scaler(self, kind: str, name: str, version: str) -> JSON | None:
        return self.server.get(kind, name, NAMESPACE, version=version)

    def phase(self) -> str | None:
        canary = self.server.get("Canary", NAME, NAMESPACE, version=CANARY) or {}
        phase: str | None = canary.get("status", {}).get("phase")
        return phase

    def wait_for(self, kind: str, name: str, version: str) -> JSON:
        """Wait until Flagger has made it."""
        until(lambda: self.scaler(kind, name, version) is not None, PATIENCE_SECONDS, self.flagger.last_words)
        found = self.scaler(kind, name, version)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def rollouts(control_plane: ControlPlane, server: APIServer) -> Iterator[Rollouts]:
    """Flagger over a cluster without a mesh, which its autoscalers have nothing to do with."""
    control_plane.start_machines()
    define(server, [one for one in definitions() if one["spec"]["group"] == "flagger.app"])
    for secret in step("staging", "secrets"):
        # That they are there is all that is asked of them.
        server.apply({key: value for key, value in secret.items() if key != "sops"})
    with ExitStack() as stack:
        yield Rollouts(server, start_flagger(stack, control_plane, "-mesh-provider=kubernetes"))


def taken_over(scaled_object: JSON, autoscaler: JSON) -> bool:
    """Tell whether KEDA takes an autoscaler that is there already for its own, by the conditions of its webhook.

    It refuses a ScaledObject for a workload that another autoscaler scales, unless the ScaledObject says that it takes
    that one over and names it; then the operator replaces it in place (KEDA 2.21: `verifyHpas`, `updateHPAIfNeeded`).
    """
    annotations = scaled_object["metadata"].get("annotations", {})
    return (
        annotations.get("scaledobject.keda.sh/transfer-hpa-ownership") == "true"
        and scaled_object["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["name"] == autoscaler["metadata"]["name"]
        and scaled_object["spec"]["scaleTargetRef"]["name"] == autoscaler["spec"]["scaleTargetRef"]["name"]
    )


def test_a_primarys_autoscaler_is_taken_over_by_keda_and_given_back_as_the_page_says(rollouts: Rollouts) -> None:
    rollouts.apply({})
    own = rollouts.wait_for("HorizontalPodAutoscaler", NAME, AUTOSCALING)
    primary = rollouts.wait_for("HorizontalPodAutoscaler", PRIMARY, AUTOSCALING)
    assert primary["spec"]["scaleTargetRef"]["name"] == PRIMARY
    until(lambda: rollouts.phase() == "Initialized", PATIENCE_SECONDS, rollouts.flagger.last_words)

    rollouts.apply({"keda": {"enabled": True}})

    of_primary = rollouts.wait_for("ScaledObject", PRIMARY, KEDA)
    assert taken_over(rollouts.wait_for("ScaledObject", NAME, KEDA), own)
    # Flagger leaves the autoscaler of before where it is; no second one scales the primary, since KEDA takes this one.
    assert taken_over(of_primary, rollouts.wait_for("HorizontalPodAutoscaler", PRIMARY, AUTOSCALING))

    rollouts.apply({})

    # The way back: Flagger removes no ScaledObject, and KEDA would go on. The page has people delete it; what KEDA has
    # made goes with it.
    assert rollouts.wait_for("ScaledObject", PRIMARY, KEDA)
    rollouts.delete("ScaledObject", PRIMARY, KEDA)
    rollouts.delete("HorizontalPodAutoscaler", PRIMARY, AUTOSCALING)
    again = rollouts.wait_for("HorizontalPodAutoscaler", PRIMARY, AUTOSCALING)
    assert again["spec"]["metrics"] == primary["spec"]["metrics"]
    assert rollouts.scaler("ScaledObject", PRIMARY, KEDA) is None, "Flagger makes none any more"
