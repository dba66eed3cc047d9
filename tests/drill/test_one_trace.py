"""One article is one trace: sidecars, gateway and services send their spans to the collector that clusters/ brings."""

import random
import secrets
from itertools import groupby

import pytest

from common.gateway import SERVICES
from tests.drill.cluster import GATEWAY_NAMESPACE
from tests.drill.releases import Releases
from tests.drill.traffic import new_article
from tests.gitops.drill import ready
from tests.platform.support.api_server import until
from tests.spans import Span, drawn, roots, way_to

pytestmark = pytest.mark.drill

CALLING_SPAN = "b7ad6b7169203331"
SECONDS = 90.0
NAMES = [service.kubernetes_name for service in SERVICES]


def post_article(releases: Releases, traceparent: str) -> None:
    body = {"articles": [new_article(random.Random(traceparent))]}
    with releases.door.client() as http:
        answer = releases.door.ask(http, "POST", "/news/v1/articles", body, {"traceparent": traceparent})
    (stored,) = answer.raise_for_status().json()["data"]
    assert stored["status"] == "created"


def is_of_gateway(span: Span) -> bool:
    return span.service.partition(".")[0].startswith(GATEWAY_NAMESPACE)


def test_an_article_is_one_tree_from_the_gateway_through_all_four_services(releases: Releases) -> None:
    cluster, recorded, unrecorded = releases.cluster, secrets.token_hex(16), secrets.token_hex(16)
    labels = {"app.kubernetes.io/name": "otel-collector"}
    until(
        lambda: any(ready(one).get("status") == "True" for one in cluster.pods("monitoring", **labels)),
        SECONDS,
        cluster.state,
    )
    post_article(releases, f"00-{unrecorded}-{CALLING_SPAN}-00")
    post_article(releases, f"00-{recorded}-{CALLING_SPAN}-01")

    def is_complete() -> bool:
        spans = cluster.traces.trace(recorded)
        return {*NAMES} <= {one.service for one in spans} and len(roots(spans)) == 1

    def seen() -> str:
        spans = cluster.traces.trace(recorded)
        return "\n".join([f"{len(cluster.traces.spans)} spans in all; of this trace:", *drawn(spans), cluster.state()])

    until(is_complete, SECONDS, seen)
    spans = cluster.traces.trace(recorded)
    tree = drawn(spans)
    releases.report.trees.append(("The trace of an article", tree))
    cluster.say("\n".join(["the trace of an article:", *tree]))
    (root,) = roots(spans)
    last = next(one for one in spans if one.service == NAMES[-1])
    way = way_to(last, spans)

    assert is_of_gateway(root)
    assert root.parent_id == CALLING_SPAN
    # One service after the other, and each by the gateway.
    stations = ["gateway" if is_of_gateway(one) else one.service for one in way]
    assert [name for name, _spans in groupby(one for one in stations if one in {"gateway", *NAMES})] == [
        station for name in NAMES for station in ("gateway", name)
    ]
    assert cluster.traces.trace(unrecorded) == []
